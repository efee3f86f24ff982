import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { openRing } from 'libbpfjs';
import { eventKind } from '../event.gen.ts';
import { EventReader } from '../event.ts';
import { openSockets } from './sockets.ts';
import { missingPermission, startCapture } from './testing/capture.ts';
import { python, tell } from './testing/python.ts';

describe('the sockets program under load', { skip: missingPermission() ?? false }, () => {
  test('what finds no room in the ring is counted, in all and for the socket', async () => {
    using capture = startCapture({ ringBytes: 1 << 16 });
    const program = python(`
a,b = pair()
for _ in range(1000): a.send(b'x' * 200); b.recv(200, socket.MSG_WAITALL)
sys.stdin.readline()
a.send(b'after'); b.recv(9)
`);
    capture.program.setProcess(program.pid, { trace: 'yes' });
    capture.pause();
    program.start();
    const full = () => capture.program.counters().ringFull;
    while (full() < 1500) await new Promise((resolve) => setTimeout(resolve, 20));
    capture.resume();
    capture.of(program.pid);
    program.start();
    await program.end();
    const told = await capture.whenOver(program.pid);
    const after = told.filter(({ payload }) => payload === 'after');
    assert.equal(after.length, 2);
    const ofSockets = told.filter(({ kind }) => kind === 'data' || kind === 'open');
    assert.equal(ofSockets.length + after[0]!.dropped + after[1]!.dropped, 2004);
    // Beginnings and ends of all processes of this machine are told, too.
    assert.ok(full() >= after[0]!.dropped + after[1]!.dropped);
  });

  test('thousands of processes that live for moments are told, each once, and leave nothing behind', async () => {
    using capture = startCapture({ traceByDefault: true });
    const beginMs = performance.now();
    const script = 'i=0; while [ $i -lt 2000 ]; do (exit 3) & i=$((i+1)); [ $((i % 50)) -eq 0 ] && wait; done; wait';
    const shell = spawn('sh', ['-c', script], { stdio: 'ignore' });
    capture.program.setProcess(shell.pid!, { trace: 'yes' });
    await once(shell, 'close');
    const seconds = (performance.now() - beginMs) / 1000;
    await capture.whenOver(shell.pid!);
    const exits = capture.all().filter(({ kind, length }) => kind === 'exit' && length === 3 << 8);
    assert.equal(new Set(exits.map(({ pid, timeNs }) => `${pid} ${timeNs}`)).size, 2000, `in ${seconds} s`);
    assert.equal(capture.program.counters().ringFull, 0);
    assert.deepEqual(capture.program.map('processes').keys(), []);
  });

  test('no event is lost at 100,000 calls as fast as a program makes them', async () => {
    using program = openSockets({ ringBytes: 1 << 24, traceByDefault: false });
    using ring = openRing(program.map('events'));
    const reader = new EventReader(ring.data);
    const caller = python('a,b = pair()\nfor _ in range(50000): a.send(b"ask"); b.recv(9)');
    program.setProcess(caller.pid, { trace: 'yes' });
    let bytes = 0;
    let events = 0;
    const drain = () => {
      for (let count = ring.claim(1 << 20); count > 0; count = ring.claim(1 << 20)) {
        for (let i = 0; i < count; i++) {
          reader.at(ring.offsets[i]!);
          if (reader.kind !== eventKind.data || reader.pid !== caller.pid) continue;
          events++;
          bytes += reader.captured;
        }
        ring.release();
      }
    };
    ring.onReadable(drain);
    const timer = setInterval(drain, 20);
    caller.start();
    await caller.end();
    clearInterval(timer);
    drain();
    assert.deepEqual({ events, bytes }, { events: 100_000, bytes: 300_000 });
    assert.equal(program.counters().ringFull, 0);
  });

  test('closing leaves nothing attached', async () => {
    const capture = startCapture();
    const ids = capture.program.statistics().length;
    assert.ok(ids >= 6);
    capture.close();
    assert.throws(() => capture.program.statistics(), { code: 'EBADF' });
    // The next one is alone with the calls.
    using next = startCapture();
    const told = await tell(next, "a,b = pair(); a.send(b'one'); b.recv(9)");
    assert.equal(told.filter(({ kind }) => kind === 'data').length, 2);
  });
});
