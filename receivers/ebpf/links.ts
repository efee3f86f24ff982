/** Joins the two sockets of a connection whose both ends are on this host, so that each end knows the other's service. */

/** `service.name` at either end: `first` is the one whose address and port sort first. Empty while nobody was seen there. */
export interface Link {
  first: string;
  second: string;
  /** Sockets that hold it. */
  holders: number;
}

/** Bounded by the sockets that hold links. */
export class Links {
  readonly #links = new Map<string, Link>();

  get size(): number {
    return this.#links.size;
  }

  /** The link of a connection between these two ends, whichever asks. */
  hold(key: string): Link {
    let link = this.#links.get(key);
    if (link === undefined) {
      link = { first: '', second: '', holders: 0 };
      this.#links.set(key, link);
    }
    link.holders++;
    return link;
  }

  release(key: string): void {
    const link = this.#links.get(key);
    if (link !== undefined && --link.holders <= 0) this.#links.delete(key);
  }
}

/** The key of a connection, and whether the local end is its first. */
export function linkKey(transport: string, local: string, remote: string): { key: string; isFirst: boolean } {
  const isFirst = local <= remote;
  return { key: isFirst ? `${transport} ${local} ${remote}` : `${transport} ${remote} ${local}`, isFirst };
}
