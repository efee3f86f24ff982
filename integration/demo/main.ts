/** `npm run demo`: a shop in five languages without any instrumentation, customers, and the collector that sees their calls. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createCertificate } from '../kit/certificate.ts';
import { type Cgroup, createCgroup } from '../kit/cgroup.ts';
import { readCommandLine } from '../kit/command-line.ts';
import { kafkaClassPath } from '../servers/kafka.ts';
import type { Server } from '../servers/server.ts';
import { buildGo, buildJava, buildPython } from '../services/build.ts';
import { busiestEdges, startDemoCollector } from './collector.ts';
import { createNetwork, front, removeNetwork } from './network.ts';
import { startShop } from './shop.ts';
import { watchUsage } from './usage.ts';

const usage = `npm run demo -- [--seconds N] [--rate N] [--port N]
  --seconds N   end by itself after N seconds of load (without: on Ctrl-C)
  --rate N      pages a second that the customers ask for (50)
  --port N      port of the page (18080)`;

/** Everything the demo writes; removed at its end, or at the start of the next one. */
const folder = '/tmp/otelcol-deepflow-demo';
const cgroupName = 'otelcol-deepflow-demo';
const pidFile = join(folder, 'pid');
const collectorPidFile = join(folder, 'collector.pid');

const options = readCommandLine(usage, readOptions);
const stopped = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopped.abort());

const servers: Server[] = [];
let customers: ChildProcess | undefined;
/** All of the shop runs in it, so that the collector can leave out the rest of this machine. */
let cgroup: Cgroup | undefined;
try {
  await run();
} catch (error) {
  if (!stopped.signal.aborted) {
    const { message, cause } = error as Error;
    console.error(`\n${message}${cause instanceof Error ? `\n${cause.message}` : ''}`);
    process.exitCode = 1;
  }
} finally {
  await cleanUp();
}

async function run(): Promise<void> {
  refuseSecond();
  await step('What an earlier demo left', removeLeftovers);
  const certificate = await step('Folder and certificate', async () => {
    mkdirSync(join(folder, 'collector'), { recursive: true });
    writeFileSync(pidFile, String(process.pid));
    // Servers make their folders below TMPDIR.
    process.env.TMPDIR = folder;
    return createCertificate(folder);
  });
  const go = await step('Services in Go: build', buildGo);
  const java = await step('Service in Java: libraries, build', buildJava);
  const python = await step('Services in Python: libraries', buildPython);
  await step('Kafka: its libraries', async () => kafkaClassPath());
  await step('Network namespaces shop-front and shop-back, a cable between them', async () => createNetwork());
  cgroup = createCgroup(cgroupName);
  const { path } = cgroup;
  const collector = await step('The collector', () =>
    startDemoCollector(join(folder, 'collector'), options.port, path),
  );
  servers.push(collector);
  writeFileSync(collectorPidFile, String(collector.pid));
  const shop = await cgroup.around(async () => {
    const started = await startShop({ go, java, python }, certificate, step, servers);
    customers = startCustomers(started.url);
    return started;
  });
  console.log(`
  The page:  ${collector.page}
  The shop:  ip netns exec ${front.namespace} curl ${shop.url}/product/7
  ${options.rate} pages a second. Ctrl-C ends it all${options.seconds === 0 ? '' : `, and so do ${options.seconds} seconds`}.
`);
  const usage = watchUsage(cgroup, collector.pid);
  const end = sleep(options.seconds === 0 ? 2 ** 31 - 1 : options.seconds * 1000, '', { signal: stopped.signal });
  const printed = await Promise.race([end, collector.ended]).finally(usage.stop);
  if (printed !== '') throw new Error(`The collector ended:\n${printed}`);
  console.log(`\n  ${usage.lines().join('\n  ')}`);
  console.log('\n  Busiest of the last minute:');
  for (const line of (await busiestEdges(options.port)).slice(0, 30)) console.log(`    ${line}`);
}

/** The customers are in shop-front too: nothing leaves the namespaces. */
function startCustomers(url: string): ChildProcess {
  const load = [process.execPath, join(import.meta.dirname, 'load.ts'), url, String(options.rate)];
  const inside = [`--net=/run/netns/${front.namespace}`, '--', ...load];
  const env = { ...process.env, OTEL_SERVICE_NAME: 'customers' };
  const child = spawn('nsenter', inside, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  child.stdout!.on('data', (text: Buffer) => process.stdout.write(`  ${text}`));
  return child;
}

async function cleanUp(): Promise<void> {
  customers?.kill('SIGKILL');
  if (!existsSync(pidFile) || readFileSync(pidFile, 'utf8') !== String(process.pid)) return;
  await timed('Everything is stopped and removed', async () => {
    for (const server of servers.reverse()) await server.stop();
    await removeNetwork();
    await cgroup?.remove();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  });
}

/** A demo that was killed leaves its collector too, which is in none of the namespaces. */
async function removeLeftovers(): Promise<void> {
  await removeNetwork();
  const collector = runningFrom(collectorPidFile, folder);
  if (collector !== 0) {
    process.kill(collector);
    for (let tries = 0; tries < 100 && existsSync(`/proc/${collector}`); tries++) await sleep(100);
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}

/** @throws when another demo runs: both would want the same namespaces. */
function refuseSecond(): void {
  if (process.getuid?.() !== 0)
    throw new Error('The demo makes network namespaces: run it as root (sudo npm run demo).');
  const other = runningFrom(pidFile, 'demo/main.ts');
  if (other !== 0) throw new Error(`Another demo runs (process ${other}): stop it first.`);
}

/** The process whose number is in a file, if its command line still has `word`; else 0. */
function runningFrom(file: string, word: string): number {
  if (!existsSync(file)) return 0;
  const pid = Number(readFileSync(file, 'utf8'));
  return existsSync(`/proc/${pid}`) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(word) ? pid : 0;
}

/** One step of the start: none begins after Ctrl-C. */
async function step<T>(title: string, work: () => Promise<T>): Promise<T> {
  stopped.signal.throwIfAborted();
  return timed(title, work);
}

/** Says what is being done, and how long it took. */
async function timed<T>(title: string, work: () => Promise<T>): Promise<T> {
  const startedMs = Date.now();
  process.stdout.write(`  ${title} … `);
  try {
    const result = await work();
    process.stdout.write(`${((Date.now() - startedMs) / 1000).toFixed(1)} s\n`);
    return result;
  } catch (error) {
    process.stdout.write('failed\n');
    throw error;
  }
}

function readOptions(): { seconds: number; rate: number; port: number } {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({ options: { seconds: text, rate: text, port: text } });
  const numbers = { seconds: values.seconds ?? '0', rate: values.rate ?? '50', port: values.port ?? '18080' };
  const [seconds, rate, port] = Object.values(numbers).map((value) => {
    if (!/^\d+$/.test(value)) throw new Error(`${value} is no number`);
    return Number(value);
  }) as [number, number, number];
  return { seconds, rate, port };
}
