/** The clickhouse_embedded extension: a ClickHouse of this collector's own, in a process beside it. */

import { totalmem } from 'node:os';
import { resolve } from 'node:path';
import { constrainedMemory } from 'node:process';
import { createDiskGuard } from '../../clickhouse/embedded/disk-guard.ts';
import { runSql, socketOf } from '../../clickhouse/embedded/store-client.ts';
import { createSupervisor } from '../../clickhouse/embedded/supervisor.ts';
import { defineExtension } from '../../component/define.ts';
import { parseHostPort } from '../../wire/listen.ts';
import { clickhouseEmbeddedConfig } from './config.ts';
import { checkSocketPath, explainStart } from './start-error.ts';

const heartbeat = { heartbeatMs: 2000, heartbeatTimeoutMs: 5000 };
const diskCheckMs = 10_000;
const statementTimeoutMs = 30_000;
const defaultMemory = { part: 0.25, maxBytes: 4 * 2 ** 30 };

export default defineExtension({
  type: 'clickhouse_embedded',
  description:
    'Runs an embedded ClickHouse (chDB) that the clickhouse exporter writes to and the query extension reads.',
  config: clickhouseEmbeddedConfig,
  stability: 'beta',
  create(context) {
    const { config, log, meter } = context;
    const directory = resolve(config.directory);
    const http = config.http.endpoint === undefined ? undefined : parseHostPort(config.http.endpoint);
    const password = config.password?.reveal();

    const supervisor = createSupervisor({
      settings: {
        directory,
        http,
        memoryLimitBytes: config.memory_limit ?? defaultMemoryLimit(),
        minFreeDiskBytes: Math.floor(config.min_free_disk / 2),
        password,
      },
      log,
      onState: (state, reason) => context.reportStatus(state === 'up' ? 'ok' : 'recoverable_error', reason),
      ...heartbeat,
    });

    const seen = { usedBytes: 0, freeBytes: 0 };
    const droppedDays = meter.counter(
      'clickhouse_embedded_dropped_partitions',
      'Days of tables dropped to make room on the disk.',
    );
    const droppedBytes = meter.counter(
      'clickhouse_embedded_dropped_bytes',
      'Bytes of the days dropped to make room on the disk.',
    );
    meter.gauge(
      'clickhouse_embedded_restarts',
      'Times the storage process was started in place of one that had died.',
      supervisor.restarts,
    );
    meter.gauge('clickhouse_embedded_disk_used_bytes', 'Bytes of all tables on the disk.', () => seen.usedBytes);
    meter.gauge('clickhouse_embedded_disk_free_bytes', 'Bytes free on the disk of the store.', () => seen.freeBytes);

    const guard = createDiskGuard({
      directory,
      maxUsageBytes: config.max_disk_usage,
      minFreeBytes: config.min_free_disk,
      runSql: (sql) => runSql(directory, sql, { timeoutMs: statementTimeoutMs, password }),
      log,
      onDrop: ({ sizeBytes }) => {
        droppedDays.add(1);
        droppedBytes.add(sizeBytes);
      },
    });
    let nextCheck: NodeJS.Timeout | undefined;
    let checking: Promise<void> | undefined;

    async function checkDisk(): Promise<void> {
      try {
        Object.assign(seen, await guard.check());
      } catch (error) {
        // Most likely the store is just being restarted; its state is reported already.
        log.debug('The disk of the store could not be checked', { error: (error as Error).message });
      }
    }

    function checkDiskLater(delayMs: number): void {
      nextCheck = setTimeout(() => {
        checking = checkDisk().finally(() => checkDiskLater(diskCheckMs));
      }, delayMs);
    }

    return {
      async start() {
        checkSocketPath(context.id, directory);
        try {
          const { version, port } = await supervisor.start();
          log.info('The embedded ClickHouse answers', { version, directory, pid: supervisor.pid() });
          context.reportListener({ protocol: 'ClickHouse HTTP', url: `unix:${socketOf(directory)}` });
          if (http !== undefined)
            context.reportListener({ protocol: 'ClickHouse HTTP', url: `http://${http.host || '0.0.0.0'}:${port}` });
        } catch (error) {
          throw explainStart(context.id, config, error);
        }
        checkDiskLater(0);
      },
      async shutdown() {
        clearTimeout(nextCheck);
        await checking;
        clearTimeout(nextCheck);
        await supervisor.shutdown();
      },
    };
  },
});

/** A quarter of what this process may use, in a container of what that may use. */
function defaultMemoryLimit(): number {
  const limit = constrainedMemory();
  const total = limit > 0 ? Math.min(limit, totalmem()) : totalmem();
  return Math.min(Math.floor(total * defaultMemory.part), defaultMemory.maxBytes);
}
