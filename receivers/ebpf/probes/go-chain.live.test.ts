/** Holds what is told of a Go service's inbound calls against the outbound calls it makes for them, over connections that take turns. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { missingPermission } from '../../../bpf/programs/sockets/testing/capture.ts';
import { buildGo, makeCertificate, startPair } from './testing/pair.ts';
import { type Clear, startWatch } from './testing/watch.ts';

const clients = 50;
const requests = 10;
describe('calls that Go makes for calls', { skip: missingPermission() ?? false }, () => {
  const files = makeCertificate();
  const program = buildGo(join(import.meta.dirname, 'testing/gochain'), join(files.folder, 'chain'));
  const watch = startWatch();

  after(async () => {
    await watch.stop();
    files.remove();
  });

  for (const scheme of ['http', 'https']) {
    test(`Go, outbound calls by ${scheme}: the goroutine and trace ids join them to the inbound ones`, {
      timeout: 60_000,
    }, async () => {
      const command = [program];
      const pair = await startPair(command, files, clients, requests, scheme === 'https' ? ['tls'] : []);
      try {
        await watch.covered(pair.pid);
        watch.plain.length = watch.clear.length = 0;
        await pair.run();
        await watch.settle();
        const outer = watch.plain.filter((event) => event.pid === pair.pid && event.localPort === pair.port);
        const inner = scheme === 'https' ? watch.clear : watch.plain;
        const client = inner.filter((event) => event.pid === pair.pid && event.remotePort === pair.inner);
        // Without the first byte: Go's server may have a goroutine of its own wait for that while the call before is answered.
        const asked = byId(outer, 'in', /ET \/outer\?id=([\d-]+)&/);
        const asking = byId(client, 'out', /GET \/inner\?id=([\d-]+)&/);
        const answered = byId(client, 'in', /answer=([\d-]+);/);
        const answering = byId(outer, 'out', /answer=([\d-]+);/);
        for (const found of [asked, asking, answered, answering]) assert.equal(found.size, clients * requests);
        let joined = 0;
        for (const [id, { goroutine, traceId }] of asked) {
          const out = asking.get(id)!;
          const back = answered.get(id)!;
          const own = out.goroutine === goroutine && back.goroutine === goroutine && goroutine > 0;
          if (own && out.traceId === traceId && back.traceId === answering.get(id)!.traceId) joined++;
        }
        assert.ok(joined >= asked.size * 0.99, `${joined} of ${asked.size} chains are joined`);
      } finally {
        pair.stop();
      }
    });
  }
});

function byId(events: readonly Clear[], direction: string, pattern: RegExp): Map<string, Clear> {
  const found = new Map<string, Clear>();
  for (const event of events) {
    const id = event.direction === direction ? pattern.exec(event.text)?.[1] : undefined;
    if (id !== undefined) found.set(id, event);
  }
  return found;
}
