/** Many connections at full speed: as many spans as h2load counted answers, and none twice. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { runClient } from '../bench/packets/record.ts';
import { startCollector } from '../kit/collector.ts';
import { startSink } from '../kit/sink.ts';
import { until } from '../kit/wait.ts';
import { startNginx } from '../servers/simple.ts';
import { captureCalls } from './configuration.ts';
import { seenSpans } from './spans.ts';

const connections = 50;
const requests = 10_000;

const versions = [
  { version: '1.1', flags: ['--h1'] },
  { version: '2', flags: ['-m', '4'] },
];

for (const { version, flags } of versions) {
  test(`HTTP/${version}: ${requests} calls over ${connections} connections are ${requests} spans`, async (t) => {
    const nginx = await startNginx();
    t.after(() => nginx.stop());
    const port = version === '2' ? nginx.http2Port : nginx.port;
    const sink = await startSink(t);
    await startCollector(t, [], [captureCalls(`tcp port ${port}`, sink.httpPort)]);
    const url = `http://127.0.0.1:${port}/small`;
    const report = await runClient('h2load', ['-n', String(requests), '-c', String(connections), ...flags, url]);
    assert.match(report, new RegExp(`${requests} succeeded, 0 failed`));
    const spans = () => seenSpans(sink).filter(({ attributes }) => Number(attributes['server.port']) === port);
    await until(`${requests} spans`, 30_000, async () => spans().length >= requests).catch(() => undefined);
    // A call that is counted twice would come a little later.
    await sleep(1500);
    const seen = spans();
    assert.equal(seen.length, requests);
    const good = seen.filter(
      ({ attributes }) =>
        Number(attributes['http.response.status_code']) === 200 &&
        attributes['deepflow.call.outcome'] === 'answered' &&
        attributes['url.path'] === '/small',
    );
    assert.equal(good.length, requests);
    const clients = new Set(seen.map(({ attributes }) => Number(attributes['client.port'])));
    assert.equal(clients.size, connections);
    t.diagnostic(`${seen.length} spans of ${clients.size} connections; ${/finished in .*/.exec(report)?.[0]}`);
  });
}
