/** What a capture thread and its receiver tell each other. */
import type { ComponentStatus } from '../define.ts';
import type { LogFields } from '../telemetry.ts';

/** Signals that capture makes. */
export type CaptureSignal = 'traces' | 'logs';

/** What numbers grew by. `labelled`: by counter, then by the value of its label. */
export interface Counted {
  counts: Record<string, number>;
  labelled: Record<string, Record<string, number>>;
}

export type FromThread =
  | { type: 'data'; signal: CaptureSignal; message: Uint8Array<ArrayBuffer> }
  | { type: 'counted'; counted: Counted }
  | { type: 'log'; level: 'info' | 'warn' | 'error'; message: string; fields: LogFields }
  | { type: 'status'; status: ComponentStatus; message?: string }
  | { type: 'started' }
  | { type: 'stopped' };

export type ToThread =
  /** The pipeline has taken so many bytes of data, or refused them for good; with their memory when nobody looks at it any more. */
  { type: 'taken'; bytes: number; memory?: ArrayBuffer } | { type: 'stop' };
