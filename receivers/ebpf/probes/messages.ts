/** What the capture thread and the probes' thread tell each other. */
import type { SharedSockets } from '../../../bpf/programs/sockets/sockets.ts';
import type { ProbesConfig } from './config.ts';

export interface ProbesSetup {
  shared: SharedSockets;
  config: ProbesConfig;
  proc: string;
}

/** Where a Go program's goroutines are found. */
export interface GoroutinePlace {
  gOffset: number;
  goidOffset: number;
  parentGoidOffset: number;
}

/** A TLS library or runtime of one process, and whether its plaintext is seen. */
export interface ProbeStatus {
  pid: number;
  /** Path of the file, as the process names it. */
  path: string;
  /** `openssl 3.0.15`, `go go1.26.8`. */
  library: string;
  covered: boolean;
  /** No library itself: it tells which connection is whose. */
  helps: boolean;
  /** Why not, or what of it is not seen; else empty. */
  reason: string;
}

export type ToProbes =
  | { type: 'started'; pid: number }
  /** Those of the processes found last that are traced. */
  | { type: 'known'; pids: number[] }
  | { type: 'ended'; pid: number }
  /** An encrypted connection of this process was seen, which no probe told of. */
  | { type: 'encrypted'; pid: number }
  /** Tables of header fields of this process are needed. */
  | { type: 'tables'; pid: number }
  | { type: 'status'; id: number }
  | { type: 'stop' };

export type FromProbes =
  /** They run, and nobody told of them. Answered by `known`. */
  | { type: 'found'; pids: number[] }
  | { type: 'go'; pid: number; place: GoroutinePlace }
  /** Probes can tell the tables of header fields of this process; `probed`: and do. */
  | { type: 'tables'; pid: number; probed: boolean }
  | { type: 'log'; message: string; fields: Record<string, string | number> }
  | { type: 'status'; id: number; status: ProbeStatus[] }
  | { type: 'stopped' };
