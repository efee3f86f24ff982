import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eventConstants } from '../event.gen.ts';
import type { PayloadLimit } from './sockets.ts';
import { type Capture, missingPermission, startCapture, type Told } from './testing/capture.ts';
import { python } from './testing/python.ts';

/** A client that sends what is in `pieces` one by one, after a first exchange at which the limit is set. */
function talk(pieces: string): string {
  return `
a,b = pair()
a.send(b'first'); b.recv(9)
sys.stdin.readline()
for piece in [${pieces}]:
    a.sendall(piece); b.recv(len(piece), socket.MSG_WAITALL)
`;
}

/** What was told of the client's data after its limit was set. */
async function limited(capture: Capture, pieces: string, limit: PayloadLimit): Promise<Told[]> {
  const program = python(talk(pieces));
  capture.program.setProcess(program.pid, { trace: 'yes' });
  program.start();
  const first = await capture.when(program.pid, ({ kind, role }) => kind === 'data' && role === 1);
  assert.equal(capture.program.setLimit(first.socket, 'wire', limit, first.timeNs), true);
  program.start();
  await program.end();
  const told = await capture.whenOver(program.pid);
  return told.filter(({ kind, role, payload }) => kind === 'data' && role === 1 && payload !== 'first');
}

const head = (path: string) => `b'GET ${path} HTTP/1.1\\r\\nhost: x\\r\\n\\r\\n'`;
const headLength = 'GET /1 HTTP/1.1\r\nhost: x\r\n\r\n'.length;

const cases: [name: string, pieces: string, limit: PayloadLimit, captured: number[]][] = [
  ['none: lengths only', "b'x' * 100, b'y' * 100", { bytes: 0 }, [0, 0]],
  ['so many bytes of each call', "b'x' * 100, b'y' * 10", { bytes: 50 }, [50, 10]],
  ['up to 16 KiB of a call', "b'x' * 16384, b'y' * 20000, b'z' * 5000", { bytes: 16_384 }, [16_384, 16_384, 5000]],
  ['no event at all', "b'x' * 100, b'y' * 100", { bytes: 0, mute: true }, []],
  [
    'heads: what goes on after the first bytes of a message is left out',
    `${head('/1')}, b'x' * 300, b'x' * 300, ${head('/2')}, b'x' * 100, b'x' * 100`,
    { bytes: 128, heads: true },
    [headLength, 128 - headLength, 0, headLength, 128 - headLength, 0],
  ],
  [
    'heads: one that comes in pieces is whole',
    "b'PO', b'ST / HTTP/1.1\\r\\n', b'host: x\\r\\n', b'\\r\\n', b'x' * 4000, b'\\r\\nGET / HTTP/1.1\\r\\n'",
    { bytes: 64, heads: true },
    [2, 15, 9, 2, 62, 18],
  ],
];

describe('limits of payload', { skip: missingPermission() ?? false }, () => {
  for (const [name, pieces, limit, captured] of cases) {
    test(name, async () => {
      using capture = startCapture();
      const told = await limited(capture, pieces, limit);
      assert.deepEqual(
        told.map((event) => event.captured),
        captured,
      );
      for (const event of told) {
        assert.equal(
          event.flags & eventConstants.EVENT_CUT,
          event.captured < event.length ? eventConstants.EVENT_CUT : 0,
        );
      }
    });
  }

  test('a limit that was meant for a socket that is gone does not hold for the next one of its name', async () => {
    using capture = startCapture();
    const program = python("a,b = pair(); a.send(b'one'); b.recv(9); sys.stdin.readline()");
    capture.program.setProcess(program.pid, { trace: 'yes' });
    program.start();
    await capture.when(program.pid, ({ kind }) => kind === 'data');
    const [first] = capture.of(program.pid).filter(({ kind }) => kind === 'open');
    assert.equal(capture.program.setLimit(first!.socket, 'wire', { bytes: 0 }, first!.beginNs - 1e9), false);
    assert.equal(capture.program.setLimit(first!.socket + 1, 'wire', { bytes: 0 }, first!.timeNs), false);
    program.start();
    await program.end();
    await capture.whenOver(program.pid);
    assert.equal(capture.program.setLimit(first!.socket, 'wire', { bytes: 0 }, first!.timeNs), false);
  });

  test('limits that are set while data moves leave what the kernel counts alone', async () => {
    using capture = startCapture({ unixSockets: true, ringBytes: 1 << 24 });
    const program = python(`
listener = socket.socket(socket.AF_UNIX); listener.bind('\\0limits ${process.pid}'); listener.listen()
a = socket.socket(socket.AF_UNIX); a.connect(listener.getsockname()); b, _ = listener.accept()
end = time.monotonic() + 1.5
while time.monotonic() < end: a.send(b'one'); b.recv(9); time.sleep(0.0001)
`);
    capture.program.setProcess(program.pid, { trace: 'yes' });
    program.start();
    const first = await capture.when(program.pid, ({ kind, role }) => kind === 'data' && role === 1);
    for (const end = Date.now() + 1000; Date.now() < end; await new Promise(setImmediate)) {
      for (let i = 0; i < 200; i++) capture.program.setLimit(first.socket, 'wire', { bytes: i }, first.timeNs);
    }
    await program.end();
    const sent = (await capture.whenOver(program.pid)).filter(({ kind, role }) => kind === 'data' && role === 1);
    assert.equal(capture.program.counters().ringFull, 0);
    assert.ok(sent.length > 1000, `${sent.length} events`);
    assert.deepEqual(
      sent.map(({ sequence }) => sequence),
      sent.map((_, index) => index * 3),
    );
  });

  test('new connections to a port begin with the limit of that port, at either end', async () => {
    using capture = startCapture();
    const code = `
listener = socket.socket(); listener.bind(('127.0.0.1', 0)); listener.listen()
def exchange():
    a = socket.create_connection(listener.getsockname()); b, _ = listener.accept()
    a.sendall(b'x' * 3000); b.recv(3000, socket.MSG_WAITALL)
exchange(); sys.stdin.readline(); exchange()
`;
    const program = python(code);
    capture.program.setProcess(program.pid, { trace: 'yes' });
    program.start();
    const { localPort } = await capture.when(program.pid, ({ kind, role }) => kind === 'data' && role === 2);
    capture.program.setPortLimit(localPort, 'wire', 2000);
    program.start();
    await program.end();
    const told = await capture.whenOver(program.pid);
    const data = told.filter(({ kind }) => kind === 'data');
    assert.deepEqual(
      data.map(({ captured }) => captured),
      [1024, 1024, 2000, 2000],
    );
  });
});
