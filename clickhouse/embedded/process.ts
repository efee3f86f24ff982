/**
 * The storage process: the engine on a data directory behind the ClickHouse HTTP interface. Its parent forks it, sends
 * one {@link StoreSettings} message and gets one {@link StoreReport} back; a second message stops the process, and so
 * does the end of the parent.
 */
import { mkdirSync, rmSync, statfsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createBodyFiles } from './body-files.ts';
import { type Engine, EngineMissingError, openEngine } from './engine.ts';
import { createGateway, type Gateway } from './gateway.ts';
import { writeOwner } from './owner-file.ts';
import { createResultPipes } from './result-pipes.ts';
import { type StoreReport, type StoreSettings, writeEngineConfig } from './store-settings.ts';

const readers = 6;
/** Without that much free space the engine would fail at its first steps, some of them silently. */
const neededBytes = 64 << 20;
const socketName = 'http.sock';
const scratchName = 'scratch';

process.once('message', (settings: StoreSettings) => {
  run(settings).catch((error: unknown) => fail(error));
});
// A terminal and systemd signal the whole group: the parent decides when, after its exporters have written the rest.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
// The parent has died: nobody would stop this process any more.
process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));

async function run(settings: StoreSettings): Promise<void> {
  mkdirSync(settings.directory, { recursive: true });
  // From here on paths are relative: they go into SQL, and a socket's path may not be long.
  process.chdir(settings.directory);
  checkFreeSpace();
  const engine = await openEngine(`${settings.directory}/data`, writeEngineConfig(settings));
  writeOwner();
  // Only the holder of the data directory may clear what an earlier one left behind.
  rmSync(scratchName, { recursive: true, force: true });
  mkdirSync(scratchName, { mode: 0o700 });
  rmSync(socketName, { force: true });
  const gateway = createGateway({
    engine,
    pipes: createResultPipes(scratchName, readers),
    bodies: createBodyFiles(scratchName),
    readers,
    readLimits: {
      max_execution_time: '30',
      max_memory_usage: String(Math.floor(settings.memoryLimitBytes / 2)),
      max_bytes_before_external_group_by: String(Math.floor(settings.memoryLimitBytes / 4)),
      max_bytes_before_external_sort: String(Math.floor(settings.memoryLimitBytes / 4)),
    },
    password: settings.password,
  });
  const servers = [await listen(gateway, { path: socketName })];
  if (settings.http !== undefined) servers.push(await listen(gateway, settings.http));
  process.once('message', () => void stop(servers, gateway, engine));
  const address = servers[1]?.address();
  report({ kind: 'ready', version: engine.version, port: typeof address === 'object' ? address?.port : undefined });
}

function checkFreeSpace(): void {
  const { bavail, bsize } = statfsSync('.');
  const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  if (bavail * bsize >= neededBytes) return;
  const message = `the disk has ${mebibytes(bavail * bsize)} free, and the store needs ${mebibytes(neededBytes)} to start`;
  throw Object.assign(new Error(message), { code: 'ENOSPC' });
}

async function listen(gateway: Gateway, address: { path: string } | { host: string; port: number }): Promise<Server> {
  const server = createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 }, gateway.handle);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(address, resolve);
  });
  return server;
}

/** Takes nothing new, lets what runs finish for a while, and leaves the directory in order. */
async function stop(servers: readonly Server[], gateway: Gateway, engine: Engine): Promise<void> {
  for (const server of servers) server.close();
  for (const server of servers) server.closeIdleConnections();
  const patience = setTimeout(() => void gateway.killAll(), 5000);
  await gateway.drained();
  clearTimeout(patience);
  engine.close();
  process.exit(0);
}

function fail(error: unknown): void {
  const code = error instanceof EngineMissingError ? 'ENGINE' : (error as NodeJS.ErrnoException).code;
  report({ kind: 'failed', code, message: error instanceof Error ? error.message : String(error) });
  // The engine's exit waits for its threads; there is nothing to wait for.
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), 100);
}

function report(message: StoreReport): void {
  process.send?.(message);
}
