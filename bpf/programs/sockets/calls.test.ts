import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { eventConstants } from '../event.gen.ts';
import { type Hook, hooks } from './sockets.ts';
import { type Capture, missingPermission, startCapture, type Told } from './testing/capture.ts';
import { python, tell } from './testing/python.ts';

const refused = missingPermission();
const noMultipath = multipathOff();
const { EVENT_CUT, EVENT_SENDFILE, EVENT_UNIX } = eventConstants;

/** Waits for the reading end, so that the order of events is known. */
const cases: [name: string, code: string, expected: string[]][] = [
  ['write, read', "a,b = pair(); os.write(a.fileno(), b'one'); os.read(b.fileno(), 100)", ['out one', 'in one']],
  [
    'writev, readv',
    "a,b = pair(); os.writev(a.fileno(), [b'', b'one ', b'two']); x,y = bytearray(2),bytearray(90); os.readv(b.fileno(), [x, y])",
    ['out one two', 'in one two'],
  ],
  [
    'a list of 40 buffers is captured as far as its first 16',
    "a,b = pair(); os.writev(a.fileno(), [b'%02d' % i for i in range(40)]); b.recv(100)",
    [
      `out! ${Array.from({ length: 16 }, (_, i) => String(i).padStart(2, '0')).join('')} of 80`,
      `in ${Array.from({ length: 40 }, (_, i) => String(i).padStart(2, '0')).join('')}`,
    ],
  ],
  ['send, recv', "a,b = pair(); a.send(b'one'); b.recv(100)", ['out one', 'in one']],
  ['sendmsg, recvmsg', "a,b = pair(); a.sendmsg([b'one ', b'two']); b.recvmsg(100)", ['out one two', 'in one two']],
  [
    'sendmmsg, recv: each message is an event',
    "a,b = pair(); mmsg('send', a, [buffer(b'first'), buffer(b'second')]); b.recv(100)",
    ['out first', 'out second', 'in firstsecond'],
  ],
  [
    'what is only peeked at, or an error, is none',
    "a,b = pair(); a.send(b'one'); b.recv(100, socket.MSG_PEEK); b.recv(100)\nb.setblocking(False)\ntry: b.recv(10)\nexcept BlockingIOError: pass",
    ['out one', 'in one'],
  ],
  [
    'sendfile has a length and no bytes',
    "a,b = pair(); f = open('/etc/passwd','rb'); n = os.sendfile(a.fileno(), f.fileno(), 0, 10); b.recv(100, socket.MSG_TRUNC)",
    ['out* of 10', 'in of 10'],
  ],
  [
    'splice out of a pipe and into one',
    "a,b = pair(); r,w = os.pipe(); os.write(w, b'pipes'); os.splice(r, a.fileno(), 5); os.splice(b.fileno(), w, 5)",
    ['out* of 5', 'in* of 5'],
  ],
  [
    'a duplicate is the same socket',
    "a,b = pair(); d = os.dup(a.fileno()); a.close(); os.write(d, b'one'); b.recv(9)",
    ['out one', 'in one'],
  ],
  [
    'the end of data is told once, in each direction',
    "a,b = pair(); a.send(b'one'); a.shutdown(socket.SHUT_WR); b.recv(9); b.recv(9); b.recv(9)",
    ['out one', 'out', 'in one', 'in'],
  ],
  [
    'more than the limit is cut',
    "a,b = pair(); a.sendall(b'x' * 3000); b.recv(3000, socket.MSG_WAITALL)",
    [`out! ${'x'.repeat(1024)} of 3000`, `in! ${'x'.repeat(1024)} of 3000`],
  ],
];

/** `out text`, with `!` when it was cut and `*` when it never was in memory; with the length where it is another. */
function brief({ kind, direction, role, payload, length, flags }: Told): string {
  if (kind === 'open') return `open ${role === 2 ? 'server' : 'client'} ${payload.replace(/\0$/, '')}`;
  if (kind === 'close') return kind;
  const mark = flags & EVENT_SENDFILE ? '*' : flags & EVENT_CUT ? '!' : '';
  const of = length === payload.length ? '' : ` of ${length}`;
  return `${direction}${mark}${payload === '' ? '' : ` ${payload}`}${of}`;
}

function assertNumbered(data: Told[]): void {
  const next = new Map<string, number>();
  for (const { socket, direction, sequence, length } of data) {
    const key = `${socket} ${direction}`;
    const expected = next.get(key);
    if (expected !== undefined) assert.equal(sequence, expected, `numbers of ${key} have no gap`);
    next.set(key, (sequence + length) >>> 0);
  }
}

for (const hook of hooks) {
  describe(`calls by ${hook}`, { skip: refused ?? unavailable(hook) }, () => {
    let capture: Capture;
    before(() => {
      capture = startCapture({ hooks: [hook] });
    });
    after(() => capture.close());

    for (const [name, code, expected] of cases) {
      test(name, async () => {
        const told = await tell(capture, code);
        const data = told.filter((event) => event.kind === 'data');
        assert.deepEqual(data.map(brief), expected);
        assertNumbered(data);
        const [first] = data;
        const other = data.find((event) => event.direction !== first!.direction)!;
        assert.equal(other.sequence, first!.sequence, 'both ends number the first byte alike');
        assert.equal(first!.role, 1);
        assert.equal(other.role, 2);
        assert.equal(first!.localPort, other.remotePort);
        assert.ok(first!.beginNs <= first!.timeNs && first!.timeNs - first!.beginNs < 10e9);
      });
    }

    const families: [name: string, code: string, family: number, local: string][] = [
      ['IPv4', 'pair()', 4, '127.0.0.1'],
      ['IPv6', "pair(socket.AF_INET6, '::1')", 6, '00000000000000000000000000000001'],
      ['IPv4 mapped into IPv6', "pair(socket.AF_INET6, '::', '127.0.0.1')", 4, '127.0.0.1'],
    ];
    for (const [name, code, family, local] of families) {
      test(`addresses of ${name}`, async () => {
        const told = await tell(capture, `a,b = ${code}; a.send(b'one'); b.recv(9)`);
        for (const event of told.filter(({ kind }) => kind === 'data' || kind === 'open')) {
          assert.deepEqual([event.family, event.local, event.remote], [family, local, local]);
          assert.ok(event.localPort > 0 && event.remotePort > 0);
        }
      });
    }

    test('multipath TCP is numbered by what was seen to move', { skip: noMultipath }, async () => {
      const told = await tell(
        capture,
        `
def multipath(): return socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)
listener = multipath(); listener.bind(('127.0.0.1', 0)); listener.listen()
a = multipath(); a.connect(listener.getsockname()); b, _ = listener.accept()
a.send(b'one'); b.recv(9); b.send(b'answer'); a.recv(9); a.send(b'two'); b.recv(9)
`,
      );
      const data = told.filter((event) => event.kind === 'data');
      assertNumbered(data);
      assert.deepEqual(
        data.map(({ payload, sequence, otherSequence, transport, role }) => [
          payload,
          sequence,
          otherSequence,
          transport,
          role,
        ]),
        [
          ['one', 0, 0, 6, 1],
          ['one', 0, 0, 6, 2],
          ['answer', 0, 3, 6, 2],
          ['answer', 0, 3, 6, 1],
          ['two', 3, 6, 6, 1],
          ['two', 3, 6, 6, 2],
        ],
      );
    });

    test('a connection opens with its role at either end, and closes', async () => {
      const told = await tell(capture, "a,b = pair(); a.send(b'one'); b.recv(9); a.close(); b.recv(9); b.close()");
      const order = told.filter(({ socket }) => socket !== 0).map(({ kind, role }) => `${kind} ${role}`);
      assert.deepEqual(order, ['open 1', 'open 2', 'data 1', 'data 2', 'close 1', 'data 2', 'close 2']);
    });

    test('a socket that connects again is told with the ends that it has then', async () => {
      const told = await tell(
        capture,
        `
def serve(family, address):
    listener = socket.socket(family); listener.bind((address, 0)); listener.listen()
    return listener
first, second = serve(socket.AF_INET, '127.0.0.1'), serve(socket.AF_INET, '127.0.0.2')
a = socket.socket()
for listener, text, blocking in ((first, b'one', True), (second, b'two', False)):
    a.setblocking(blocking)
    a.connect_ex(listener.getsockname())
    b, _ = listener.accept()
    time.sleep(0.01)
    a.send(text); b.recv(9)
    a.send(text); b.recv(9)
    assert libc.connect(a.fileno(), bytes(16), 16) == 0
    b.close()
`,
      );
      const sent = told.filter(({ kind, direction }) => kind === 'data' && direction === 'out');
      const read = told.filter(({ kind, direction, length }) => kind === 'data' && direction === 'in' && length > 0);
      assert.deepEqual(
        sent.map(({ payload, local, remote }) => [payload, local, remote]),
        ['one', 'one', 'two', 'two'].map((text) => [text, '127.0.0.1', text === 'one' ? '127.0.0.1' : '127.0.0.2']),
      );
      assert.deepEqual(
        sent.map(({ localPort, remotePort }) => [localPort, remotePort]),
        read.map(({ localPort, remotePort }) => [remotePort, localPort]),
      );
    });

    test('what is open when its process dies is closed', async () => {
      const told = await tell(capture, "a,b = pair(); a.send(b'one'); b.recv(9); os.kill(os.getpid(), 0); os._exit(0)");
      assert.equal(told.filter(({ kind }) => kind === 'close').length, 2);
    });

    test('datagrams with and without a connection, one and many at a time', async () => {
      const told = await tell(
        capture,
        `
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); server.bind(('127.0.0.1', 0))
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.sendto(b'ask', server.getsockname())
data, peer = server.recvfrom(100)
server.sendto(b'answer', peer)
client.recvfrom(100)
client.connect(server.getsockname())
mmsg('send', client, [buffer(b'first'), buffer(b'second')])
mmsg('receive', server, [buffer(b'.' * 50), buffer(b'.' * 50)])
`,
      );
      const data = told.filter((event) => event.kind === 'data');
      assert.deepEqual(data.map(brief), [
        'out ask',
        'in ask',
        'out answer',
        'in answer',
        'out first',
        'out second',
        'in first',
        'in second',
      ]);
      for (const event of data) assert.equal(event.transport, 17);
      const [ask, asked, answer, answered] = data as [Told, Told, Told, Told];
      assert.equal(ask.remotePort, asked.localPort);
      assert.equal(answered.remotePort, answer.localPort);
      assert.equal(asked.remotePort, answer.remotePort);
    });

    const folder = mkdtempSync(join(tmpdir(), 'unix-'));
    after(() => rmSync(folder, { recursive: true }));
    const places: [name: string, path: string, as: string][] = [
      ['a path', `'${folder}/${hook}'`, `${folder}/${hook}`],
      ['an abstract name', `'\\0deepflow ${process.pid}'`, `\0deepflow ${process.pid}`],
      ['a long path', `'${folder}/${hook}'.ljust(107, 'x')`, `${folder}/${hook}`.padEnd(107, 'x')],
    ];
    for (const [name, path, as] of places) {
      test(`unix sockets have ${name} and know the other end`, async () => {
        using unix = startCapture({ hooks: [hook], unixSockets: true });
        const code = `
listener = socket.socket(socket.AF_UNIX); listener.bind(${path}); listener.listen()
a = socket.socket(socket.AF_UNIX); a.connect(listener.getsockname()); b, _ = listener.accept()
a.send(b'one'); b.recv(9); a.send(b'two'); b.recv(9); a.close(); b.recv(9); b.close()
`;
        const told = (await tell(unix, code)).filter(({ flags, kind }) => flags & EVENT_UNIX || kind === 'close');
        assert.deepEqual(told.map(brief), [
          `open client ${as}`,
          `open server ${as}`,
          ...['out one', 'in one', 'out two', 'in two', 'close', 'in', 'close'],
        ]);
        const data = told.filter(({ kind, length }) => kind === 'data' && length > 0);
        assertNumbered(data);
        assert.equal(data[0]!.remote, data[1]!.socket.toString(16).padStart(12, '0'));
        assert.deepEqual(
          data.map(({ role }) => role),
          [1, 2, 1, 2],
        );
      });
    }

    test('unix sockets that were open before are named with their first data, pairs without a path are not told', async () => {
      using unix = startCapture({ hooks: [hook], unixSockets: true });
      const program = python(`
listener = socket.socket(socket.AF_UNIX); listener.bind('${folder}/before ${hook}'); listener.listen()
a = socket.socket(socket.AF_UNIX); a.connect(listener.getsockname()); b, _ = listener.accept()
c, d = socket.socketpair()
print('made', flush=True)
sys.stdin.readline()
c.send(b'pair'); d.recv(9); b.send(b'one'); a.recv(9)
`);
      program.start();
      await program.says('made');
      unix.program.setProcess(program.pid, { trace: 'yes' });
      program.start();
      await program.end();
      const told = (await unix.whenOver(program.pid)).filter(({ flags }) => flags & EVENT_UNIX);
      const path = `${folder}/before ${hook}`;
      assert.deepEqual(told.map(brief), [`open server ${path}`, 'out one', `open client ${path}`, 'in one']);
    });

    // Classic tracepoints do not tell a child process from a thread, so there it is filtered as any other.
    const inherits = hook !== 'tracepoint';
    test('a child goes on with the socket under its own pid', async () => {
      const code = `
a,b = pair()
a.send(b'parent')
b.recv(9)
child = os.fork()
if child == 0:
    a.send(b'child')
    os._exit(0)
os.waitpid(child, 0)
b.recv(9)
print(child)
`;
      const program = python(code);
      capture.program.setProcess(program.pid, { trace: 'yes' });
      program.start();
      const child = Number(await program.end());
      const [parents, children] = [await capture.whenOver(program.pid), await capture.whenOver(child)];
      const [first] = parents.filter((event) => event.kind === 'data');
      const [second] = children.filter((event) => event.kind === 'data');
      if (!inherits) {
        assert.equal(second, undefined);
        return;
      }
      assert.equal(brief(second!), 'out child');
      assert.equal(second!.socket, first!.socket);
      assert.equal(second!.sequence, first!.sequence + 6);
    });

    test('reads and writes of a thread share ids as requests cause each other', async () => {
      const told = await tell(
        capture,
        `
client, front = pair()
caller, back = pair()
def work():
    front.recv(99); caller.send(b'inner?'); caller.recv(99); front.send(b'outer!')
def inner():
    back.recv(99); back.send(b'inner!')
threads = [threading.Thread(target=work), threading.Thread(target=inner)]
for t in threads: t.start()
client.send(b'outer?'); client.recv(99)
for t in threads: t.join()
`,
      );
      const ids = new Map(told.filter(({ kind }) => kind === 'data').map((event) => [brief(event), event.traceId]));
      assert.equal(ids.get('in outer?'), ids.get('out inner?'));
      assert.equal(ids.get('in inner!'), ids.get('out outer!'));
      assert.equal(ids.get('in inner?'), ids.get('out inner!'));
      assert.notEqual(ids.get('in outer?'), ids.get('in inner!'));
      assert.notEqual(ids.get('in outer?'), ids.get('in inner?'));
      assert.ok([...ids.values()].every(Number.isSafeInteger));
    });

    test('execution and exit of a process', async () => {
      const told = await tell(capture, "os.execv('/bin/sh', ['sh', '-c', 'exit 0'])");
      assert.ok(told.some(({ kind, payload }) => kind === 'exec' && payload.includes('/bin/shsh\0-c\0exit 0\0')));
      assert.deepEqual(
        told.filter(({ kind }) => kind === 'exit').map(({ length }) => length),
        [0],
      );
    });
  });
}

/** The kernel knows it since 5.6, when it was built with it. */
function multipathOff(): string | false {
  const switched = '/proc/sys/net/mptcp/enabled';
  return (!existsSync(switched) || readFileSync(switched, 'utf8').trim() !== '1') && 'multipath TCP is switched off';
}

function unavailable(hook: Hook): string | false {
  const hasTracefs = existsSync('/sys/kernel/tracing/events') || existsSync('/sys/kernel/debug/tracing/events');
  return hook === 'tracepoint' && !hasTracefs ? 'tracefs is not mounted, where classic tracepoints are found' : false;
}
