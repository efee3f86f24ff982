/** Calls over Unix sockets of real servers: each once at either side, in one trace, with the server's path. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { type Cgroup, createCgroup } from '../kit/cgroup.ts';
import { type Owner, startCollector } from '../kit/collector.ts';
import { toSink } from '../kit/configuration.ts';
import { type Sink, startSink } from '../kit/sink.ts';
import { until } from '../kit/wait.ts';
import { type SeenSpan, seenSpans } from '../live/spans.ts';
import { startMariadb } from '../servers/mariadb.ts';
import { startPhp } from '../servers/php.ts';
import { type Server, serverDirectory, startServer } from '../servers/server.ts';
import { whatIsMissing } from '../tcp-metrics/network.ts';

const missing = whatIsMissing(['redis-server', 'mariadbd', 'nginx']);
const run = promisify(execFile);

describe('calls over Unix sockets', { skip: missing || false, timeout: 240_000 }, () => {
  let sink: Sink;
  const cleanUps: (() => Promise<void> | void)[] = [];
  const owner: Owner = { after: (cleanUp) => void cleanUps.unshift(cleanUp) };
  const keep = <S extends Server>(server: S): S => {
    owner.after(() => server.stop());
    return server;
  };

  let cgroup: Cgroup;

  const inCgroup = (program: string, args: string[]) =>
    run('sh', ['-c', 'echo $$ >"$0" && exec "$@"', cgroup.procs, program, ...args]);

  before(async () => {
    // Whatever else goes on on this machine is none of this test's business.
    cgroup = createCgroup(`otelcol-unix-${process.pid}`);
    owner.after(() => cgroup.remove());
    sink = await startSink(owner);
    await startCollector(owner, [], [configuration(cgroup.path, sink.httpPort)]);
  });
  after(async () => {
    for (const cleanUp of cleanUps) await cleanUp();
  });

  /** Spans over that path whose operation is one of these, when there are so many. */
  async function spansOf(path: string, isIt: (span: SeenSpan) => boolean, count: number): Promise<SeenSpan[]> {
    const find = () => seenSpans(sink).filter((span) => pathsOf(span).includes(path) && isIt(span));
    await until(`${count} spans over ${path}`, 20_000, async () => find().length >= count).catch((error: Error) => {
      throw new Error(`${error.message}: ${find().length} came`);
    });
    return find();
  }

  /** Each call is at both sides, as one trace, and says how it went. */
  function assertPairs(spans: readonly SeenSpan[], count: number, servers: RegExp): void {
    const pointOf = ({ attributes }: SeenSpan) => attributes['deepflow.observation_point'];
    for (const point of ['c-p', 's-p'])
      assert.equal(spans.filter((span) => pointOf(span) === point).length, count, point);
    const traces = new Map<string, SeenSpan[]>();
    for (const span of spans) traces.set(span.traceId, [...(traces.get(span.traceId) ?? []), span]);
    const single = [...traces.values()].filter(({ length }) => length !== 2).flat();
    assert.deepEqual(
      single.map(({ name, attributes }) => ({ name, ...attributes })),
      [],
    );
    assert.equal(traces.size, count);
    for (const pair of traces.values()) {
      assert.deepEqual(pair.map(pointOf).sort(), ['c-p', 's-p']);
      const server = pair.find((span) => pointOf(span) === 's-p')!;
      assert.match(String(server.resource['process.executable.name']), servers);
      const client = pair.find((span) => pointOf(span) === 'c-p')!;
      assert.equal(client.attributes['service.peer.name'], server.service);
    }
    for (const { attributes } of spans) {
      assert.equal(attributes['network.transport'], 'unix');
      for (const key of [
        'client.port',
        'network.peer.port',
        'network.local.port',
        'deepflow.request.tcp_seq',
        'deepflow.response.tcp_seq',
      ])
        assert.equal(attributes[key], undefined, key);
    }
  }

  test('Redis, with 20 connections at once', async () => {
    const directory = serverDirectory('redis');
    const path = join(directory, 'redis.sock');
    const args = ['--port', '0', '--unixsocket', path, '--save', ''];
    keep(await cgroup.around(() => startServer({ name: 'redis', command: 'redis-server', args, port: 0, directory })));
    await until('Redis listens', 10_000, async () => existsSync(path));
    await inCgroup('redis-benchmark', ['-s', path, '-t', 'set', '-n', '2000', '-c', '20', '-q']);
    const { stdout } = await run('redis-cli', ['-s', path, 'INFO', 'commandstats']);
    const count = Number(/cmdstat_set:calls=(\d+)/.exec(stdout)?.[1]);
    const spans = await spansOf(path, ({ attributes }) => attributes['db.operation.name'] === 'SET', 2 * count);
    assertPairs(spans, count, /redis/);
    for (const { attributes } of spans) assert.equal(attributes['server.port'], undefined);
  });

  test('MariaDB', async () => {
    const server = keep(await cgroup.around(() => startMariadb()));
    const ask = (place: string[], statements: string) =>
      inCgroup('mariadb', ['--no-defaults', '-u', 'root', '-N', ...place, '-e', statements]);
    const { stdout } = await ask(['-h', '127.0.0.1', '-P', String(server.port)], 'SELECT @@socket');
    const path = stdout.trim();
    const statements = Array.from({ length: 50 }, (_, i) => `SELECT ${i}, 'unix'`);
    await ask(['-S', path], `${statements.join('; ')}; SELECT broken FROM nowhere`).catch(() => undefined);
    const spans = await spansOf(
      path,
      ({ attributes }) => /unix|nowhere/.test(String(attributes['db.query.text'])),
      102,
    );
    assertPairs(spans, 51, /mariadbd/);
    for (const { failed, attributes } of spans) {
      const isBroken = String(attributes['db.query.text']).includes('nowhere');
      assert.equal(failed, isBroken);
      if (isBroken) assert.equal(attributes['db.response.status_code'], '1046');
    }
  });

  test('php-fpm behind nginx', async () => {
    const server = keep(await cgroup.around(() => startPhp({ isUnix: true })));
    const call = async (i: number) => {
      const answer = await fetch(`http://127.0.0.1:${server.port}/${i % 3 === 0 ? 'status/404' : ''}?call=${i}`);
      await answer.arrayBuffer();
      assert.equal(answer.status, i % 3 === 0 ? 404 : 200);
    };
    for (let i = 0; i < 60; i += 6) await Promise.all(Array.from({ length: 6 }, (_, at) => call(i + at)));
    const spans = await spansOf(server.socket, () => true, 120);
    assertPairs(spans, 60, /php-fpm/);
    assert.equal(
      spans.filter(({ attributes }) => String(attributes['http.response.status_code']) === '404').length,
      40,
    );
  });
});

/** A request over HTTP or FastCGI names its host as the server's address; the socket's own is beside it. */
function pathsOf({ attributes }: SeenSpan): unknown[] {
  return ['server.address', 'network.peer.address', 'network.local.address'].map((key) => attributes[key]);
}

function configuration(cgroup: string, sinkPort: number): string {
  const ebpf = { unix_sockets: true, processes: { cgroups: [cgroup] }, protocols: { obfuscate: false } };
  return toSink(sinkPort, { ebpf });
}
