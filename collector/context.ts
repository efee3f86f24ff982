/** Makes what a component is created with: its logger, its place to report to, and the service as it may see it. */
import type { Context, Host, Kind, Listener } from '../component/define.ts';
import type { Meter } from '../component/telemetry.ts';
import type { StatusBoard } from './status-board.ts';
import type { RootLogger } from './telemetry/logger.ts';

/** An open listener and who opened it. */
export interface ReportedListener extends Listener {
  kind: Kind | 'service';
  id: string;
}

/** What all components of one thread share. */
export interface Surroundings {
  log: RootLogger;
  meter: Meter;
  host: Host;
  board: StatusBoard;
  onListener(listener: ReportedListener): void;
}

export function createContext(
  { log, meter, host, board, onListener }: Surroundings,
  kind: Kind,
  id: string,
  pipelines: readonly string[],
  config: unknown,
): Context<unknown> {
  return {
    id,
    config,
    meter,
    host,
    log: log.with({ 'otelcol.component.id': id, 'otelcol.component.kind': kind }),
    reportStatus: (status, message) => board.set(kind, id, pipelines, status, message),
    reportListener: (listener) => onListener({ ...listener, kind, id }),
  };
}
