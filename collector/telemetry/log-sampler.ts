/** Thins out floods of equal log lines: the first few of each tick, then every n-th. */
import type { LogsConfig } from '../../config/service-schema.ts';

/** More different messages than a sane program has; then counting begins anew, so that memory stays bounded. */
const maxMessages = 4096;

/** The function tells whether a line is to be written. */
export function createSampler(
  config: LogsConfig['sampling'],
  nowMs: () => number = () => performance.now(),
): (level: string, message: string) => boolean {
  if (!config.enabled) return () => true;
  const counts = new Map<string, { count: number; resetMs: number }>();
  return (level, message) => {
    const key = `${level}\t${message}`;
    const timeMs = nowMs();
    let entry = counts.get(key);
    if (!entry || timeMs >= entry.resetMs) {
      if (counts.size >= maxMessages) counts.clear();
      entry = { count: 0, resetMs: timeMs + config.tick };
      counts.set(key, entry);
    }
    entry.count++;
    if (entry.count <= config.initial) return true;
    return config.thereafter > 0 && (entry.count - config.initial) % config.thereafter === 0;
  };
}
