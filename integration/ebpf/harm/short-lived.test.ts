/** Processes that are gone when their events are read, become others, or have the pid of another: each call is its own process's. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { type Owner, startCollector, temporaryFolder } from '../../kit/collector.ts';
import { type Sink, startSink } from '../../kit/sink.ts';
import { until } from '../../kit/wait.ts';
import { type SeenSpan, seenSpans } from '../../live/spans.ts';
import { traceHarm } from './configuration.ts';
import { createPlace, type Place, whatPlaceNeeds } from './place.ts';
import { compile } from './programs.ts';

const missing = whatPlaceNeeds(['gcc', 'curl', 'unshare']);
const names = ['brief', 'heir', 'first', 'second', 'third'];

describe('processes that hardly live', { skip: missing || false, timeout: 60_000 }, () => {
  let sink: Sink;
  let place: Place;
  let port: number;
  let programs: string[];
  const cleanUps: (() => Promise<void> | void)[] = [];
  const owner: Owner = { after: (cleanUp) => void cleanUps.unshift(cleanUp) };

  before(async () => {
    const server = createServer((_request, response) => response.end('ok')).listen(0, '127.0.0.1');
    owner.after(() => {
      server.close();
      server.closeAllConnections();
    });
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
    programs = compile('processes.c', temporaryFolder(owner), names);
    sink = await startSink(owner);
    place = createPlace(owner);
    await startCollector(owner, [], [traceHarm({ cgroup: place.cgroup, sinkPort: sink.httpPort })]);
  });
  after(async () => {
    for (const cleanUp of cleanUps) await cleanUp();
  });

  /** The spans of these paths, when there is one of each. */
  async function spansOf(paths: readonly string[]): Promise<SeenSpan[]> {
    const found = () => seenSpans(sink).filter(({ attributes }) => paths.includes(String(attributes['url.path'])));
    await until('all calls', 10_000, async () => found().length >= paths.length).catch(() => undefined);
    const spans = found().sort((a, b) => a.startNs - b.startNs);
    assert.deepEqual(spans.map(pathOf).sort(), [...paths].sort());
    return spans;
  }

  test('a program that lives for some milliseconds has the name it was given', async () => {
    const targets = Array.from({ length: 40 }, (_, i) => `/brief/${i}`);
    const pids: (number | undefined)[] = [];
    for (const [index, target] of targets.entries()) {
      const child = place.spawn(programs[0]!, ['call', String(port), target], {
        env: {
          ...process.env,
          MORE: 'x'.repeat((index % 2) * 6000),
          OTEL_SERVICE_NAME: `service-of${target.replaceAll('/', '-')}`,
        },
      });
      await once(child, 'close');
      pids.push(child.pid);
    }
    const spans = await spansOf(targets);
    assert.deepEqual(
      spans.map(({ service, resource }) => [
        service,
        Number(resource['process.pid']),
        resource['process.executable.name'],
      ]),
      targets.map((target, i) => [`service-of${target.replaceAll('/', '-')}`, pids[i], 'brief']),
    );
  });

  test('curl in a loop', async () => {
    const targets = Array.from({ length: 20 }, (_, i) => `/curl/${i}`);
    const loop = `for i in $(seq 0 19); do curl -s -o /dev/null http://127.0.0.1:${port}/curl/$i; done`;
    await place.run('sh', ['-c', loop]);
    for (const { service, resource } of await spansOf(targets)) {
      assert.equal(service, 'curl');
      assert.equal(resource['process.executable.name'], 'curl');
    }
  });

  test('a child that executes nothing is its parent’s program, with a pid of its own', async () => {
    const targets = Array.from({ length: 20 }, (_, i) => `/child/${i}`);
    await place.run(programs[0]!, ['children', String(port), '/child', '20']);
    const spans = await spansOf(targets);
    for (const { service } of spans) assert.equal(service, 'brief');
    assert.equal(new Set(spans.map(({ resource }) => resource['process.pid'])).size, targets.length);
  });

  test('a connection goes on in another program', async () => {
    await place.run(programs[0]!, ['handover', String(port), '/handover', programs[1]!]);
    const spans = await spansOf(['/handover/before', '/handover/after']);
    assert.deepEqual(
      spans.map(({ service, attributes }) => [attributes['url.path'], service]),
      [
        ['/handover/before', 'brief'],
        ['/handover/after', 'heir'],
      ],
    );
    assert.equal(spans[0]!.resource['process.pid'], spans[1]!.resource['process.pid']);
    assert.equal(spans[0]!.attributes['client.port'], spans[1]!.attributes['client.port']);
  });

  test('programs with the same pid, one after the other', async () => {
    const reuse = ['reuse', String(port), ...programs.slice(2)];
    await place.run('unshare', ['--pid', '--fork', '--mount-proc', programs[0]!, ...reuse]);
    const spans = await spansOf(names.slice(2).map((name) => `/${name}`));
    assert.deepEqual(
      spans.map(({ service }) => `/${service}`),
      spans.map(pathOf),
    );
  });
});

const pathOf = ({ attributes }: SeenSpan): string => String(attributes['url.path']);
