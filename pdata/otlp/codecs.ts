/** What each signal can do with OTLP bytes: check them, read them into columns, write columns back. */
import { checkLogs, checkMetrics, checkProfiles, checkTraces } from './check.gen.ts';
import { readLogs, writeLogs } from './logs.gen.ts';
import { readMetrics, writeMetrics } from './metrics.gen.ts';
import { readProfiles, writeProfiles } from './profiles.gen.ts';
import { readTraces, writeTraces } from './traces.gen.ts';

export const codecs = {
  traces: { check: checkTraces, read: readTraces, write: writeTraces },
  metrics: { check: checkMetrics, read: readMetrics, write: writeMetrics },
  logs: { check: checkLogs, read: readLogs, write: writeLogs },
  profiles: { check: checkProfiles, read: readProfiles, write: writeProfiles },
};
