/** Keeps the store within its quota and the disk from filling up: drops the oldest day of the biggest table. */
import { statfs } from 'node:fs/promises';
import type { StoreLog } from './supervisor.ts';

export interface DiskGuardOptions {
  /** Of the store; its disk is the one that is watched. */
  directory: string;
  /** Quota of all tables together; undefined is none. */
  maxUsageBytes: number | undefined;
  /** The disk shall have at least that much free. */
  minFreeBytes: number;
  /** Runs a statement and returns its rows as JSONCompact. */
  runSql: (sql: string) => Promise<string>;
  log: StoreLog;
  onDrop?: (partition: Partition) => void;
  /** Free bytes of the disk that holds the directory. */
  freeBytes?: (directory: string) => Promise<number>;
}

/** One day of one table. */
export interface Partition {
  database: string;
  table: string;
  /** `20261121` */
  id: string;
  sizeBytes: number;
}

export interface DiskGuard {
  /** Looks once, and drops what must go; returns what was seen before. */
  check(): Promise<{ usedBytes: number; freeBytes: number }>;
}

/** Above this part of the quota old days go. */
const quotaHighWater = 0.85;

/** Of parts already given up the files stay a little while; they count as free. */
const partitionsSql = `SELECT database, table, partition_id, sum(if(active, bytes_on_disk, 0)), sum(if(active, 0, bytes_on_disk))
  FROM system.parts WHERE database != 'system' GROUP BY database, table, partition_id`;

export function createDiskGuard(options: DiskGuardOptions): DiskGuard {
  const { directory, maxUsageBytes, minFreeBytes, runSql, log } = options;
  const readFree = options.freeBytes ?? readFreeBytes;

  async function drop(victim: Partition, need: Need): Promise<void> {
    const { database, table, id, sizeBytes } = victim;
    await runSql(
      `ALTER TABLE \`${database}\`.\`${table}\` DROP PARTITION ID '${id}' SETTINGS max_partition_size_to_drop = 0`,
    );
    log.warn('The oldest day of the biggest table was dropped to make room', {
      database,
      table,
      day: id,
      sizeBytes,
      ...need,
    });
    options.onDrop?.(victim);
  }

  return {
    async check() {
      const { data } = JSON.parse(await runSql(partitionsSql)) as { data: [string, string, string, number, number][] };
      const days = data.filter(([, , id, sizeBytes]) => /^\d{8}$/.test(id) && Number(sizeBytes) > 0);
      const left = days.map(([database, table, id, sizeBytes]) => ({
        database,
        table,
        id,
        sizeBytes: Number(sizeBytes),
      }));
      const usedBytes = data.reduce((sum, row) => sum + Number(row[3]), 0);
      const freeBytes = await readFree(directory);
      const need: Need = { usedBytes, freeBytes: freeBytes + data.reduce((sum, row) => sum + Number(row[4]), 0) };
      for (;;) {
        const urgency = judge(need, maxUsageBytes, minFreeBytes);
        if (urgency === 'none') break;
        const victim = choosePartition(left, urgency === 'high');
        if (victim === undefined) {
          log.warn('The store needs more room than it may use, and has no older day to drop', { ...need });
          break;
        }
        left.splice(left.indexOf(victim), 1);
        await drop(victim, { ...need });
        need.usedBytes -= victim.sizeBytes;
        need.freeBytes += victim.sizeBytes;
      }
      return { usedBytes, freeBytes };
    },
  };
}

interface Need {
  usedBytes: number;
  freeBytes: number;
}

/** `high` means that even the only day of a table has to go. */
function judge(
  { usedBytes, freeBytes }: Need,
  maxUsageBytes: number | undefined,
  minFreeBytes: number,
): 'none' | 'low' | 'high' {
  if (maxUsageBytes !== undefined && usedBytes >= maxUsageBytes) return 'high';
  if (freeBytes < minFreeBytes) return 'high';
  return maxUsageBytes !== undefined && usedBytes >= maxUsageBytes * quotaHighWater ? 'low' : 'none';
}

/** The oldest day of the biggest table that has more than one; with `evenOnly`, else the biggest only day. */
export function choosePartition(partitions: readonly Partition[], evenOnly: boolean): Partition | undefined {
  const tables = Map.groupBy(partitions, ({ database, table }) => `${database}.${table}`);
  const sizeOf = (days: readonly Partition[]) => days.reduce((sum, day) => sum + day.sizeBytes, 0);
  const bySize = [...tables.values()].sort((a, b) => sizeOf(b) - sizeOf(a));
  const biggest = bySize.find((days) => days.length > 1) ?? (evenOnly ? bySize[0] : undefined);
  return biggest?.toSorted((a, b) => a.id.localeCompare(b.id))[0];
}

async function readFreeBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}
