/** A store of its own for a test: a storage process on a temporary directory, and clients of it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import type { NodeClickHouseClientConfigOptions } from '@clickhouse/client/dist/config.js';
import type { StoreSettings } from '../store-settings.ts';
import { createSupervisor, type StoreLog, type Supervisor, type SupervisorOptions } from '../supervisor.ts';

export interface TestStore {
  directory: string;
  socketPath: string;
  /** On 127.0.0.1; undefined unless `http` was asked for. */
  port: number | undefined;
  client: ClickHouseClient;
  /** A further client of the same store. */
  connect(options: NodeClickHouseClientConfigOptions): ClickHouseClient;
  supervisor: Supervisor;
}

export interface TestStoreOptions {
  settings?: Partial<StoreSettings>;
  supervisor?: Partial<SupervisorOptions>;
}

/** Anything with the `after` of node:test. */
interface Owner {
  after(cleanUp: () => Promise<void> | void): void;
}

/** A store that ends or hangs in the middle of a test is why it fails. */
const errorsOnly: StoreLog = {
  info() {},
  warn() {},
  error: (message, fields) => console.error(`store: ${message}`, fields),
};

/** Starts a store and stops it with the test. */
export async function openTestStore(owner: Owner, options: TestStoreOptions = {}): Promise<TestStore> {
  const directory = mkdtempSync(join(tmpdir(), 'store-'));
  const supervisor = createSupervisor({
    settings: {
      directory,
      http: undefined,
      memoryLimitBytes: 1 << 30,
      minFreeDiskBytes: 0,
      password: undefined,
      ...options.settings,
    },
    log: errorsOnly,
    heartbeatMs: 1000,
    heartbeatTimeoutMs: 5000,
    ...options.supervisor,
  });
  const socketPath = `${directory}/http.sock`;
  const clients: ClickHouseClient[] = [];
  const connect = (more: NodeClickHouseClientConfigOptions) => {
    const log = { level: ClickHouseLogLevel.OFF };
    // Of its own: a client closes connections that it has not used for 2.5 s, also where another one uses them.
    const agent = new Agent({ keepAlive: true, ...{ socketPath } });
    const client = createClient({ url: 'http://store', http_agent: agent, log, request_timeout: 60_000, ...more });
    clients.push(client);
    return client;
  };
  owner.after(async () => {
    for (const client of clients) await client.close();
    await supervisor.shutdown();
    rmSync(directory, { recursive: true, force: true });
  });
  const { port } = await supervisor.start();
  return { directory, socketPath, port, client: connect({}), connect, supervisor };
}
