/** What a process's own system calls tell of a message beyond its bytes: who read or wrote it, and what links it to others. */

/** A process as the origin of spans. */
export interface ProcessResource {
  /** The same text for the same resource. */
  readonly key: string;
  readonly serviceName: string;
  /** Its Resource message, encoded. */
  resource(): Uint8Array;
}

/** Who answers a call, or makes it, where the bytes of many are read and written by others; numbers as in Evidence. */
export interface Worker {
  readonly goroutineId: number;
  readonly parentGoroutineId: number;
  readonly syscallTraceId: number;
}

/** Of one piece of data, by whoever observed it inside a process. Numbers are 0 where a thing does not exist. */
export interface Evidence {
  readonly process: ProcessResource;
  readonly threadId: number;
  /**
   * What a thread (or goroutine) read and what it wrote next have the same one; a read that follows a write begins a new one. So a request
   * that came in and the one that went out because of it share it.
   */
  readonly syscallTraceId: number;
  readonly goroutineId: number;
  /** Of a coroutine: its parent. */
  readonly parentGoroutineId: number;
  readonly coroutineId: number;
}
