/**
 * Which series tell of the same calls: one call may be seen by packets and by the processes that make and answer it.
 *
 * The last part of a series' key, which nobody is shown, is its place: `p` when a process told of it (`s-p`, `c-p`), `w` when
 * packets did, then server's address, port, and protocol; empty for what an SDK told. In a window, series of packets are left
 * out when a process told of the same place in it or in one beside it: a call that ends at the border of two windows ends a
 * little earlier or later in the other's eyes. Series that differ in their place alone are one series to whoever reads them.
 */
import { ByteDictionary } from '../../pdata/byte-dictionary.ts';
import { isString } from '../../pdata/otlp/attribute-finder.ts';
import type { AttributeTable } from '../../pdata/otlp/attributes.ts';
import { larger } from './histograms.ts';
import { partAt, partLength, placeOfProcess } from './series-key.ts';
import type { Window } from './window.ts';

const processPoints = [Buffer.from('s-p'), Buffer.from('c-p')];

/** Whether an observation point, the attribute at `row`, is a process's. */
export function isProcessPoint(arena: Uint8Array, table: AttributeTable, row: number): boolean {
  return processPoints.some((name) => isString(arena, table, row, name));
}

export class Sightings {
  /** Series of windows that were left out. */
  leftOut = 0;
  readonly #visibleParts: number;
  #visible = new ByteDictionary();
  #places = new ByteDictionary();
  /** By series: number of what is shown of its key; number of its place + 1, 0 none; whether a process told of it. */
  #visibleOf = new Uint32Array(64);
  #placeOf = new Uint32Array(64);
  #isProcess = new Uint8Array(64);
  #processSeries = 0;
  /** Scratch of {@link settle}: by what is shown, the first place in the window + 1. */
  #first = new Uint32Array(64);

  /** `visibleParts`: how many parts of a key are shown. */
  constructor(visibleParts: number) {
    this.#visibleParts = visibleParts;
  }

  /** Tells of a new series, whose key is at `[start, end)`. */
  note(series: number, bytes: Uint8Array, start: number, end: number): void {
    if (series >= this.#visibleOf.length) {
      this.#visibleOf = larger(this.#visibleOf, 2 * series);
      this.#placeOf = larger(this.#placeOf, 2 * series);
      this.#isProcess = larger(this.#isProcess, 2 * series);
    }
    const at = partAt(bytes, start, this.#visibleParts);
    this.#visibleOf[series] = this.#visible.add(bytes.subarray(start, at), at - start);
    const length = at < end ? partLength(bytes, at) : 0;
    this.#placeOf[series] = 0;
    this.#isProcess[series] = 0;
    if (length === 0) return;
    // Without the letter: packets and processes mean the same place.
    this.#placeOf[series] = this.#places.add(bytes.subarray(at + 3, at + 2 + length), length - 1) + 1;
    if (bytes[at + 2] !== placeOfProcess[0]) return;
    this.#isProcess[series] = 1;
    this.#processSeries++;
  }

  /** Forgets all series; numbers of places change. */
  clear(): void {
    this.#visible.clear();
    this.#places.clear();
    this.#processSeries = 0;
  }

  /** The places of which processes told in a window, by number + 1; undefined when there are none. */
  placesOf(window: Window): Uint8Array | undefined {
    if (this.#processSeries === 0) return undefined;
    let places: Uint8Array | undefined;
    for (let at = 0; at < window.size; at++) {
      const series = window.seriesAt[at]!;
      if (this.#isProcess[series] === 0) continue;
      places ??= new Uint8Array(this.#places.size + 1);
      places[this.#placeOf[series]!] = 1;
    }
    return places;
  }

  /** Leaves out what processes told better, in this window or (`beside`) those next to it, and joins what is one series. */
  settle(window: Window, beside: readonly (Uint8Array | undefined)[]): void {
    const known = beside.filter((places) => places !== undefined);
    if (this.#first.length < this.#visible.size) this.#first = new Uint32Array(2 * this.#visible.size);
    for (let at = 0; at < window.size; at++) {
      const series = window.seriesAt[at]!;
      const place = this.#placeOf[series]!;
      if (place === 0) continue;
      if (this.#isProcess[series] === 0 && known.some((places) => places[place] === 1)) {
        window.leaveOut(at);
        this.leftOut++;
        continue;
      }
      const first = this.#first[this.#visibleOf[series]!]!;
      if (first === 0) this.#first[this.#visibleOf[series]!] = at + 1;
      else window.join(at, first - 1);
    }
    for (let at = 0; at < window.size; at++) this.#first[this.#visibleOf[window.seriesAt[at]!]!] = 0;
  }
}
