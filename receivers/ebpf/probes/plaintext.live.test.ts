/** Holds what probes tell of real runtimes against what these runtimes did: every payload once, of the right socket. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { eventSource } from '../../../bpf/programs/event.gen.ts';
import { type Hook, hooks } from '../../../bpf/programs/sockets/sockets.ts';
import { missingPermission } from '../../../bpf/programs/sockets/testing/capture.ts';
import { buildGo, makeCertificate, score, startPair } from './testing/pair.ts';
import { type Clear, startWatch, type Watch } from './testing/watch.ts';

const testing = join(import.meta.dirname, 'testing');
const connections = 24;
const requests = 50;

describe('plaintext of runtimes', { skip: missingPermission() ?? false }, () => {
  const files = makeCertificate();
  after(() => files.remove());

  const goSource = join(testing, 'go');
  const go: Runtime = ['Go', eventSource.goTls, [buildGo(goSource, join(files.folder, 'pair'))]];
  const threads: Runtime = ['Python threads, socket BIOs', eventSource.openssl, python('threads_pair.py')];
  const queues: Runtime = ['Python that lets records wait in queues', eventSource.openssl, python('queued_pair.py')];
  const strippedGo = buildGo(goSource, join(files.folder, 'stripped'), ['-ldflags=-s -w', '-trimpath']);
  const all: Runtime[] = [
    ['Node.js, its own OpenSSL with memory BIOs', eventSource.openssl, [process.execPath, join(testing, 'node.ts')]],
    ['Python asyncio, memory BIOs', eventSource.openssl, python('asyncio_pair.py')],
    queues,
    threads,
    go,
    ['Go, stripped', eventSource.goTls, [strippedGo]],
  ];
  const kinds: [kind: string, hooks: readonly Hook[], runtimes: Runtime[]][] = [
    ['by the best hooks', hooks, all],
    ['beside raw tracepoints, as before Linux 6.2', ['raw_tp'], [queues, threads, go]],
  ];
  for (const [kind, hooks, runtimes] of kinds) describe(kind, () => testRuntimes(hooks, runtimes, files));
});

type Runtime = [name: string, source: number, command: string[]];

function python(script: string): string[] {
  return ['python3', join(testing, script)];
}

function testRuntimes(hooks: readonly Hook[], runtimes: Runtime[], files: ReturnType<typeof makeCertificate>): void {
  let watch: Watch;
  // After the builds, during which nothing would empty the ring.
  before(() => {
    watch = startWatch({}, undefined, hooks);
  });
  after(() => watch.stop());

  for (const [name, source, command] of runtimes) {
    test(`${name}: each payload is told once, of its socket`, { timeout: 120_000 }, async () => {
      const pair = await startPair(command, files, connections, requests);
      try {
        await watch.covered(pair.pid);
        watch.clear.length = 0;
        await pair.run();
        await watch.settle();
        const result = score(watch.clear, pair);
        const total = connections * requests;
        const each = { 'client out': total, 'server in': total, 'server out': total, 'client in': total };
        assert.deepEqual({ wrong: result.wrong, seen: result.seen }, { wrong: 0, seen: each });
        const own = watch.clear.filter(({ pid }) => pid === pair.pid);
        assert.ok(own.every((event) => event.source === source));
        assert.ok(own.every(({ role, localPort }) => role === (localPort === pair.port ? 2 : 1)));
        assertSequences(own, pair.port);
      } finally {
        pair.stop();
      }
    });
  }
}

/**
 * Both ends name the record that carried a message by the same TCP sequence number. At the beginning of a connection a read may bring it behind
 * the last of the handshake, and is then named by that.
 */
function assertSequences(events: readonly Clear[], port: number): void {
  const clientPort = (event: Clear) => (event.localPort === port ? event.remotePort : event.localPort);
  const key = (event: Clear) => `${clientPort(event)} ${event.sequence}`;
  const written = new Set(events.filter(({ direction }) => direction === 'out').map(key));
  const read = events.filter(({ direction }) => direction === 'in');
  const joined = read.filter((event) => written.has(key(event))).length;
  const first = 2 * new Set(events.map(clientPort)).size;
  assert.ok(
    joined >= read.length * 0.99 - first,
    `${joined} of ${read.length} reads have the sequence number of a write`,
  );
}
