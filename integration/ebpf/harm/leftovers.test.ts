/** Beginnings and ends of the collector: what was open before is joined, nothing stays in the kernel, and two do not disturb each other. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { Agent, createServer, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { childrenOf, startCollector, temporaryFolder } from '../../kit/collector.ts';
import { startSink } from '../../kit/sink.ts';
import { until } from '../../kit/wait.ts';
import { type SeenSpan, seenSpans } from '../../live/spans.ts';
import { startMariadb } from '../../servers/mariadb.ts';
import { startRedis } from '../../servers/simple.ts';
import { traceHarm } from './configuration.ts';
import { cpuSeconds } from './cost.ts';
import { startEcho } from './echo-server.ts';
import { createPlace, whatPlaceNeeds } from './place.ts';
import { compile } from './programs.ts';

const missing = whatPlaceNeeds(['bpftool', 'gcc', 'nginx', 'redis-server', 'mariadbd', 'mariadb']);
const options = { skip: missing || false, timeout: 60_000 };

for (const end of ['SIGTERM', 'SIGKILL'] as const) {
  test(`nothing stays in the kernel after ${end}`, options, async (t) => {
    const collector = await startCollector(t, [], [traceHarm({ receiver: ['tls: {enabled: true}'] })]);
    const held = heldBy(collector.pid);
    assert.ok(held.programs.size > 5 && held.links.size > 5, 'the collector holds programs and links');
    assert.equal(stillThere(held).length, held.programs.size + held.links.size);
    await (end === 'SIGTERM' ? collector.stop() : collector.kill());
    // The kernel frees them after a grace period of its own.
    await until('all of it is gone', 10_000, async () => stillThere(held).length === 0).catch(() => undefined);
    assert.deepEqual(stillThere(held), []);
  });
}

test('connections that were open before the collector started are joined', options, async (t) => {
  const [echo, redis, mariadb] = [await startEcho(), await startRedis(), await startMariadb()];
  t.after(() => Promise.all([echo.stop(), redis.stop(), mariadb.stop()]));
  const place = createPlace(t);
  for (const pid of [echo.pid, redis.pid, mariadb.pid, ...childrenOf(echo.pid)]) place.move(pid);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const store = connect(redis.port, '127.0.0.1');
  const tcp = ['--no-defaults', '-h127.0.0.1', `-P${mariadb.port}`, '-uroot', '--skip-ssl', '-NBn'];
  const client = spawn('mariadb', tcp, { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => {
    agent.destroy();
    store.destroy();
    client.kill();
  });
  const query = async (name: string) => {
    client.stdin.write(`SELECT '${name}';\n`);
    await once(client.stdout, 'data');
  };
  const call = (name: string) =>
    Promise.all([get(agent, echo.port, `/${name}`), ask(store, `GET ${name}`), query(name)]);
  await call('before');
  const sink = await startSink(t);
  const receiver = ['protocols: {obfuscate: false}'];
  await startCollector(t, [], [traceHarm({ cgroup: place.cgroup, sinkPort: sink.httpPort, receiver })]);
  for (let i = 0; i < 5; i++) await call(`after-${i}`);
  const names = Array.from({ length: 5 }, (_, i) => `after-${i}`);
  await until('all calls', 10_000, async () => seenSpans(sink).length >= 15).catch(() => undefined);
  const text = ({ service, attributes }: SeenSpan) =>
    `${service} ${attributes['deepflow.observation_point']} ${attributes['url.path'] ?? attributes['db.query.text']}`;
  assert.deepEqual(
    seenSpans(sink).map(text).sort(),
    [
      ...names.map((name) => `nginx s-p /${name}`),
      ...names.map((name) => `redis s-p GET ${name}`),
      ...names.map((name) => `mariadbd s-p SELECT '${name}'`),
    ].sort(),
  );
});

test('a program whose file was deleted goes on being seen, under its name', options, async (t) => {
  const server = createServer((_request, response) => response.end('ok')).listen(0, '127.0.0.1');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const [program] = compile('processes.c', temporaryFolder(t), ['unlinked']);
  const place = createPlace(t);
  const running = place.run(program!, ['steady', String(port), '/unlinked', '1500']);
  await sleep(300);
  rmSync(program!);
  const sink = await startSink(t);
  await startCollector(t, [], [traceHarm({ cgroup: place.cgroup, sinkPort: sink.httpPort })]);
  await running;
  const last = await until('the last call', 10_000, async () =>
    seenSpans(sink).find(({ attributes }) => attributes['url.path'] === '/unlinked/1499'),
  );
  assert.equal(last.service, 'unlinked');
  assert.equal(last.resource['process.executable.path'], program);
});

test('two collectors see the same calls, and make no calls of each other’s', options, async (t) => {
  const echo = await startEcho();
  t.after(() => echo.stop());
  const place = createPlace(t);
  for (const pid of [echo.pid, ...childrenOf(echo.pid)]) place.move(pid);
  const collectors = [];
  for (let i = 0; i < 2; i++) {
    const sink = await startSink(t);
    // Each traces the other as any process of this place.
    const collector = await place.around(() =>
      startCollector(t, [], [traceHarm({ cgroup: place.cgroup, sinkPort: sink.httpPort })]),
    );
    collectors.push({ sink, collector });
  }
  const agent = new Agent({ keepAlive: true });
  t.after(() => agent.destroy());
  for (let i = 0; i < 20; i++) await get(agent, echo.port, `/both-${i}`);
  // Each export of one is a call that the other sees and exports: without an end of it that would be a stream of them.
  await sleep(2000);
  const before = collectors.map(({ collector }) => cpuSeconds(collector.pid));
  const bodies = collectors.map(({ sink }) => sink.bodies('traces').length);
  await sleep(4000);
  for (const [index, { sink, collector }] of collectors.entries()) {
    const spans = seenSpans(sink);
    const paths = spans.map(({ attributes }) => String(attributes['url.path']));
    const served = spans.filter(({ service }) => service === 'nginx');
    assert.equal(served.length, 20);
    const exports = sink.bodies('traces').length - bodies[index]!;
    const cpu = (cpuSeconds(collector.pid) - before[index]!) / 4;
    t.diagnostic(`${exports} exports in 4 s without traffic, ${(100 * cpu).toFixed(1)} % of a processor`);
    assert.ok(!paths.includes('/v1/traces'), 'an export is told');
    assert.ok(cpu < 0.2 && exports < 10, `${exports} exports, ${cpu} of a processor`);
  }
});

interface Held {
  programs: Set<number>;
  links: Set<number>;
}

/** Ids of programs and links that a process holds descriptors of. */
function heldBy(pid: number): Held {
  const held: Held = { programs: new Set(), links: new Set() };
  for (const descriptor of readdirSync(`/proc/${pid}/fdinfo`)) {
    const text = readOpen(`/proc/${pid}/fdinfo/${descriptor}`);
    for (const [, kind, id] of text.matchAll(/^(prog|link)_id:\s*(\d+)$/gm))
      held[kind === 'prog' ? 'programs' : 'links'].add(Number(id));
  }
  return held;
}

/** Empty when the descriptor was closed since it was listed: the collector reads other processes' files meanwhile. */
function readOpen(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

function stillThere({ programs, links }: Held): string[] {
  const found: string[] = [];
  for (const [kind, ids] of [
    ['prog', programs],
    ['link', links],
  ] as const) {
    const listed: { id: number }[] = JSON.parse(
      execFileSync('bpftool', ['-j', kind, 'list'], { maxBuffer: 1 << 26 }).toString(),
    );
    for (const { id } of listed) if (ids.has(id)) found.push(`${kind} ${id}`);
  }
  return found;
}

async function get(agent: Agent, port: number, path: string): Promise<void> {
  const call = request({ agent, host: '127.0.0.1', port, path }).end();
  const [response] = await once(call, 'response');
  response.resume();
  await once(response, 'end');
}

async function ask(socket: ReturnType<typeof connect>, command: string): Promise<void> {
  const words = command.split(' ').map((word) => `$${word.length}\r\n${word}\r\n`);
  socket.write(`*${words.length}\r\n${words.join('')}`);
  await once(socket, 'data');
}
