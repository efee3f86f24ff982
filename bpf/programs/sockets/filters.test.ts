import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { describe, test } from 'node:test';
import { eventConstants } from '../event.gen.ts';
import { missingPermission, startCapture, type Told } from './testing/capture.ts';
import { python, tell } from './testing/python.ts';

const exchange = "a,b = pair(); a.send(b'one'); b.recv(9)";
const data = (told: Told[]) => told.filter(({ kind }) => kind === 'data');

describe('filters of the sockets program', { skip: missingPermission() ?? false }, () => {
  test('only the processes that are named', async () => {
    using capture = startCapture();
    const [traced, other] = [python(exchange), python(exchange)];
    capture.program.setProcess(traced.pid, { trace: 'yes' });
    for (const program of [traced, other]) program.start();
    await Promise.all([traced.end(), other.end()]);
    assert.equal(data(await capture.whenOver(traced.pid)).length, 2);
    assert.equal(data(await capture.whenOver(other.pid)).length, 0);
  });

  test('all but the processes that are named, while others go on', async () => {
    using capture = startCapture({ traceByDefault: true });
    const [traced, other] = [python(exchange), python(exchange)];
    capture.program.setProcess(other.pid, { trace: 'no' });
    for (const program of [traced, other]) program.start();
    await Promise.all([traced.end(), other.end()]);
    assert.equal(data(await capture.whenOver(traced.pid)).length, 2);
    assert.equal(data(await capture.whenOver(other.pid)).length, 0);
  });

  test('a verdict changes while the process runs', async () => {
    using capture = startCapture();
    const program = python('a,b = pair()\nwhile b: a.send(b"one"); b.recv(9); time.sleep(0.002)');
    program.start();
    const failed = assert.rejects(program.end());
    const grows = async () => {
      const before = data(capture.of(program.pid)).length;
      await new Promise((resolve) => setTimeout(resolve, 400));
      return data(capture.of(program.pid)).length > before + 2;
    };
    assert.equal(await grows(), false);
    capture.program.setProcess(program.pid, { trace: 'yes' });
    assert.equal(await grows(), true);
    capture.program.setProcess(program.pid, { trace: 'no' });
    await grows();
    assert.equal(await grows(), false);
    process.kill(program.pid);
    await failed;
  });

  test('a process that takes the pid of another is judged anew', async () => {
    using capture = startCapture();
    const first = python(exchange);
    capture.program.setProcess(first.pid, { trace: 'yes' });
    first.start();
    await first.end();
    await capture.whenOver(first.pid);
    // The kernel forgot the pid's rule with the process, so a new owner is as any other.
    assert.equal(capture.program.map('processes').lookup(Uint32Array.of(first.pid)), undefined);
  });

  test('what runs after execve in the same process keeps its rule', async () => {
    using capture = startCapture();
    const code =
      "import socket; a=socket.socket(); a.bind(('127.0.0.1',0)); a.listen(); b=socket.create_connection(a.getsockname()); b.send(b'later')";
    const told = await tell(capture, `os.execvp('python3', ['python3', '-c', ${JSON.stringify(code)}])`);
    assert.deepEqual(
      data(told).map(({ payload }) => payload),
      ['later'],
    );
  });

  test('only the processes of a cgroup', async (t) => {
    const root = readFileSync('/proc/mounts', 'utf8').match(/^\S+ (\S+) cgroup2 /m)?.[1];
    if (root === undefined) return t.skip('no cgroup 2 file system is mounted');
    const folder = `${root}/deepflow-test-${process.pid}`;
    mkdirSync(folder);
    try {
      using capture = startCapture({ filterCgroups: true });
      capture.program.setCgroup(Number(statSync(folder).ino), 'yes');
      const [inside, outside] = [python(exchange), python(exchange)];
      writeFileSync(`${folder}/cgroup.procs`, String(inside.pid));
      for (const program of [inside, outside]) program.start();
      await Promise.all([inside.end(), outside.end()]);
      const told = data(await capture.whenOver(inside.pid));
      assert.deepEqual(
        told.map(({ cgroup }) => cgroup),
        [Number(statSync(folder).ino), Number(statSync(folder).ino)],
      );
      assert.equal(data(await capture.whenOver(outside.pid)).length, 0);
    } finally {
      rmdirSync(folder);
    }
  });

  test('processes of a cgroup below one that is named are traced too, and those outside say so', async (t) => {
    const root = readFileSync('/proc/mounts', 'utf8').match(/^\S+ (\S+) cgroup2 /m)?.[1];
    if (root === undefined) return t.skip('no cgroup 2 file system is mounted');
    const folder = `${root}/deepflow-above-${process.pid}`;
    mkdirSync(`${folder}/below/deeper`, { recursive: true });
    try {
      using capture = startCapture({ filterCgroups: true });
      capture.program.setCgroup(Number(statSync(folder).ino), 'yes');
      const again = `${exchange}; os.execvp('true', ['true'])`;
      const [inside, outside] = [python(again), python(again)];
      writeFileSync(`${folder}/below/deeper/cgroup.procs`, String(inside.pid));
      for (const program of [inside, outside]) program.start();
      await Promise.all([inside.end(), outside.end()]);
      const isOutside = ({ flags }: Told) => (flags & eventConstants.EVENT_OUTSIDE) !== 0;
      const [told, other] = [await capture.whenOver(inside.pid), await capture.whenOver(outside.pid)];
      assert.deepEqual([data(told).length, data(other).length], [2, 0]);
      // What the interpreter executed before it was moved does not count.
      for (const kind of ['exec', 'exit']) {
        const ends = [told, other].map((events) => events.findLast((event) => event.kind === kind)!);
        assert.deepEqual(ends.map(isOutside), [false, true], kind);
      }
    } finally {
      for (const below of ['/below/deeper', '/below', '']) rmdirSync(folder + below);
    }
  });

  const modes: ['only' | 'except', string][] = [
    ['only', 'at port'],
    ['except', 'elsewhere'],
  ];
  for (const [mode, expected] of modes) {
    test(`ports: ${mode} those that are named`, async () => {
      const reserved = createServer().listen(0, '127.0.0.1');
      await once(reserved, 'listening');
      const { port } = reserved.address() as { port: number };
      reserved.close();
      await once(reserved, 'close');
      using capture = startCapture({ ports: { mode, ports: [port] } });
      const told = await tell(
        capture,
        `
listener = socket.socket(); listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); listener.bind(('127.0.0.1', ${port})); listener.listen()
a = socket.create_connection(('127.0.0.1', ${port})); b, _ = listener.accept()
a.send(b'at port'); b.recv(9)
c,d = pair(); c.send(b'elsewhere'); d.recv(9)
`,
      );
      assert.deepEqual(
        data(told).map(({ payload }) => payload),
        [expected, expected],
      );
    });
  }

  test('never itself, even when it is named', async () => {
    using capture = startCapture({ traceByDefault: true });
    capture.program.setProcess(process.pid, { trace: 'yes' });
    const server = createServer((socket) => socket.end('answer')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const client = spawn('python3', ['-c', `import socket; socket.create_connection(('127.0.0.1', ${port})).recv(99)`]);
    await once(client, 'close');
    server.close();
    const told = await capture.whenOver(client.pid!);
    assert.equal(data(told).length > 0, true);
    assert.equal(capture.of(process.pid).length, 0);
  });

  test('a 32-bit system call is not taken for the 64-bit one of its number', async () => {
    using capture = startCapture();
    // int 0x80 with 3, read for 32 bits and close for 64: on the socket as it would be closed.
    const told = await tell(
      capture,
      `
import mmap
code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
code.write(bytes([0x53, 0xb8, 3, 0, 0, 0, 0x89, 0xfb, 0x31, 0xc9, 0x31, 0xd2, 0xcd, 0x80, 0x5b, 0xc3]))
call = ctypes.CFUNCTYPE(ctypes.c_long, ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))
a,b = pair(); a.send(b'one'); call(a.fileno()); a.send(b'two'); b.recv(9)
`,
    );
    assert.deepEqual(
      told
        .filter(({ kind }) => kind === 'data' || kind === 'close')
        .map(({ kind, payload }) => `${kind} ${payload}`)
        .slice(0, 3),
      ['data one', 'data two', 'data onetwo'],
    );
  });
});
