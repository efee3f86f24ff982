/**
 * `node integration/ebpf/harm/soak.ts [MINUTES]`: what the collector costs while it traces nginx and Redis at a thousand calls a second and
 * processes that come and go, minute by minute; then with 200 processes that hardly do anything.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { childrenOf, startCollector, temporaryFolder } from '../../kit/collector.ts';
import { freePorts } from '../../kit/ports.ts';
import { startRedis } from '../../servers/simple.ts';
import { traceHarm } from './configuration.ts';
import { costText, costWhile } from './cost.ts';
import { startEcho } from './echo-server.ts';
import { createPlace, whatPlaceNeeds } from './place.ts';
import { compile } from './programs.ts';

const minutes = Number(process.argv[2] ?? 5);
const idleSeconds = 20;
const idleProcesses = 200;

const missing = whatPlaceNeeds(['gcc', 'nginx', 'redis-server', 'redis-cli', 'curl']);
if (missing !== '') throw new Error(missing);
const cleanUps: (() => Promise<void> | void)[] = [];
const owner = { after: (cleanUp: () => Promise<void> | void) => void cleanUps.unshift(cleanUp) };
try {
  await soak();
  await idle();
} finally {
  for (const cleanUp of cleanUps) await cleanUp();
}

async function soak(): Promise<void> {
  const [echo, redis] = [await startEcho(), await startRedis()];
  owner.after(() => Promise.all([echo.stop(), redis.stop()]).then(() => undefined));
  const place = createPlace(owner);
  for (const pid of [echo.pid, redis.pid, ...childrenOf(echo.pid)]) place.move(pid);
  const [metricsPort] = await freePorts(1);
  const collector = await startCollector(owner, [], [traceHarm({ cgroup: place.cgroup, metricsPort: metricsPort! })]);
  const [program] = compile('processes.c', temporaryFolder(owner), ['client']);
  const url = `http://127.0.0.1:${echo.port}`;
  const load = [
    place.spawn(program!, ['steady', String(echo.port), '/a', '100000000']),
    place.spawn(program!, ['steady', String(echo.port), '/b', '100000000']),
    place.spawn('redis-cli', ['-p', String(redis.port), '-r', '-1', '-i', '0.002', 'SET', 'key', 'value'], {
      stdio: 'ignore',
    }),
    place.spawn(program!, ['storm', String(minutes * 60 + 60), '20', '/bin/true']),
    place.spawn('sh', ['-c', `while :; do curl -s -o /dev/null ${url}/curl; sleep 0.2; done`]),
  ];
  let told = 0;
  for (let minute = 1; minute <= minutes; minute++) {
    const cost = await costWhile(collector.pid, () => sleep(60_000));
    const spans = await counterOf(metricsPort!, 'otelcol_receiver_accepted_spans');
    const lost = await counterOf(metricsPort!, 'otelcol_receiver_ebpf_lost_events');
    console.log(
      `minute ${minute}: ${Math.round((spans - told) / 60)} spans a second, ${lost} events lost, ${costText(cost)}`,
    );
    told = spans;
  }
  for (const child of load) child.kill('SIGKILL');
  await collector.stop();
}

async function idle(): Promise<void> {
  const place = createPlace(owner);
  const [echo] = [await startEcho()];
  owner.after(() => echo.stop());
  const collector = await startCollector(owner, [], [traceHarm({ cgroup: place.cgroup })]);
  // A socket each, used once a second.
  const loop = `exec 3<>/dev/tcp/127.0.0.1/${echo.port}; while :; do printf 'GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n' >&3; read -t 1 -u 3 _; sleep 1; done`;
  for (let i = 0; i < idleProcesses; i++) place.spawn('bash', ['-c', loop]);
  await sleep(10_000);
  console.log(
    `${idleProcesses} processes, a call a second of each: ${costText(await costWhile(collector.pid, () => sleep(idleSeconds * 1000)))}`,
  );
  await collector.stop();
  const quiet = createPlace(owner);
  const idler = await startCollector(owner, [], [traceHarm({ cgroup: quiet.cgroup })]);
  for (let i = 0; i < idleProcesses; i++) quiet.spawn('sleep', ['1000']);
  await sleep(10_000);
  console.log(
    `${idleProcesses} processes that sleep: ${costText(await costWhile(idler.pid, () => sleep(idleSeconds * 1000)))}`,
  );
}

async function counterOf(port: number, name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return Number(new RegExp(`^${name}(?:_total)?\\{[^}]*\\} (\\S+)$`, 'm').exec(text)?.[1] ?? Number.NaN);
}
