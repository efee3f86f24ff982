/** What the storage process is told and tells, and the engine's configuration file made of it. */
import { writeFileSync } from 'node:fs';
import type { FailureReport } from './start-failure.ts';

export interface StoreSettings {
  /** Absolute. Holds `data/` (the engine's), `http.sock`, `backups/` and what lives only as long as the process. */
  directory: string;
  /** Also listen here; port 0 takes any. */
  http: { host: string; port: number } | undefined;
  /** For the engine as a whole: queries, inserts, merges and caches. */
  memoryLimitBytes: number;
  /** Inserts are refused (Code 243) while the disk has less free space. */
  minFreeDiskBytes: number;
  password: string | undefined;
}

export type StoreReport = { kind: 'ready'; version: string; port: number | undefined } | FailureReport;

/**
 * Parts are merged when they are so many times smaller together than apart: each row is written again log_base times. With ClickHouse's 5
 * merging was half of the store's CPU under small inserts, with 12 it is a third; some 20 more parts wait in each table.
 */
const mergeBase = 12;

/** Writes `engine.xml` into the directory and returns its path. */
export function writeEngineConfig(settings: StoreSettings): string {
  const path = `${settings.directory}/engine.xml`;
  const escapeXml = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  writeFileSync(
    path,
    `<clickhouse>
  <max_server_memory_usage>${settings.memoryLimitBytes}</max_server_memory_usage>
  <mark_cache_size>${Math.min(256 << 20, Math.floor(settings.memoryLimitBytes / 8))}</mark_cache_size>
  <background_pool_size>2</background_pool_size>
  <merge_tree>
    <merge_selector_base>${mergeBase}</merge_selector_base>
    <min_free_disk_bytes_to_perform_insert>${settings.minFreeDiskBytes}</min_free_disk_bytes_to_perform_insert>
  </merge_tree>
  <backups>
    <allowed_path>${escapeXml(settings.directory)}/backups/</allowed_path>
  </backups>
</clickhouse>
`,
  );
  return path;
}
