/** What listens where, told once the service is ready: a short table on a terminal, log lines elsewhere. */
import type { Logger } from '../component/telemetry.ts';
import type { ReportedListener } from './context.ts';

export function listenerSummary(
  listeners: readonly ReportedListener[],
  log: Logger,
  terminal: { isTTY?: boolean; write(text: string): unknown } = process.stderr,
): void {
  if (listeners.length === 0) return;
  if (!terminal.isTTY) {
    for (const { kind, id, protocol, url } of listeners) log.info('Listening.', { [kind]: id, protocol, url });
    return;
  }
  const width = Math.max(...listeners.map(({ protocol }) => protocol.length));
  const lines = listeners.map(({ protocol, url, id }) => `  ${protocol.padEnd(width)}  ${url}  (${id})`);
  terminal.write(`\n${lines.join('\n')}\n\n`);
}
