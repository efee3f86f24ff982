/** When a process is looked at: soon after its start, and again when its libraries are likely to be there. */

/** After the start of a process. Interpreters load TLS when a script asks for it. */
const laterMs = [0, 10, 30, 60, 400, 2000, 10_000];
/** Libraries of an executable that was seen before are probed before it starts: the first looks are left out. */
const firstOfKnown = 3;
/** Processes that wait; a host that starts more than these in ten seconds has the oldest dropped. */
const maxWaiting = 8192;
/** Encrypted connections of a process without probes lead to another look at most this often. */
const againMs = 5000;

interface Waiting {
  startedMs: number;
  /** Index of the next look. */
  next: number;
}

export class Schedule {
  /** Looks that were given up because too many processes waited. */
  dropped = 0;
  readonly #now: () => number;
  readonly #waiting = new Map<number, Waiting>();
  readonly #urgent = new Set<number>();
  readonly #looked = new Map<number, number>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** A process runs something new. `isNew`: its executable was not seen before. */
  start(pid: number, isNew: boolean): void {
    this.#waiting.delete(pid);
    if (this.#waiting.size >= maxWaiting) {
      this.#waiting.delete(this.#waiting.keys().next().value!);
      this.dropped++;
    }
    this.#waiting.set(pid, { startedMs: this.#now(), next: isNew ? 0 : firstOfKnown });
  }

  /** Something happened that only a library can have done. */
  again(pid: number): void {
    const now = this.#now();
    if (now - (this.#looked.get(pid) ?? -Infinity) < againMs) return;
    this.#looked.delete(pid);
    this.#looked.set(pid, now);
    if (this.#looked.size > maxWaiting) this.#looked.delete(this.#looked.keys().next().value!);
    this.#urgent.add(pid);
  }

  end(pid: number): void {
    this.#waiting.delete(pid);
    this.#urgent.delete(pid);
    this.#looked.delete(pid);
  }

  /** Milliseconds until `take` gives something, unless something is told before; Infinity when nothing waits. */
  get restMs(): number {
    if (this.#urgent.size > 0) return 0;
    let nextMs = Infinity;
    for (const { startedMs, next } of this.#waiting.values()) nextMs = Math.min(nextMs, startedMs + laterMs[next]!);
    return Math.max(nextMs - this.#now(), 0);
  }

  /** The next process whose time has come; undefined when none has. */
  take(): number | undefined {
    for (const pid of this.#urgent) {
      this.#urgent.delete(pid);
      return pid;
    }
    const now = this.#now();
    for (const [pid, waiting] of this.#waiting) {
      if (waiting.startedMs + laterMs[waiting.next]! > now) continue;
      while (waiting.next < laterMs.length && waiting.startedMs + laterMs[waiting.next]! <= now) waiting.next++;
      if (waiting.next === laterMs.length) this.#waiting.delete(pid);
      return pid;
    }
    return undefined;
  }
}
