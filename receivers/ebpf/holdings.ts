/** Which things of a process end with it without being told: the kernel tells the end of TCP connections, not of all else that an exit closes. */

/** Bounded by the things that are held. */
export class Holdings<T> {
  readonly #byPid = new Map<number, Set<T>>();

  /** It is that process' from now on. */
  hold(pid: number, thing: T): void {
    const things = this.#byPid.get(pid);
    if (things === undefined) this.#byPid.set(pid, new Set([thing]));
    else things.add(thing);
  }

  release(pid: number, thing: T): void {
    const things = this.#byPid.get(pid);
    if (things?.delete(thing) && things.size === 0) this.#byPid.delete(pid);
  }

  /** The process is over: gives what it held last. */
  take(pid: number): Iterable<T> {
    const things = this.#byPid.get(pid);
    this.#byPid.delete(pid);
    return things ?? [];
  }
}
