/** Reads one MySQL or MariaDB connection: packets of both sides, compressed or not, handed to the client's and the server's reader. */

import { inflate } from '../inflate.ts';
import type { Input } from '../input.ts';
import type { Side } from '../message.ts';
import { lost, type Parser } from '../protocol.ts';
import type { Session } from '../session.ts';
import { beginsAnswer } from './answer-search.ts';
import { ClientReader } from './client-reader.ts';
import { isCompressed, probeMysql } from './probe.ts';
import { ServerReader } from './server-reader.ts';
import { MysqlState } from './state.ts';
import { compressedHeaderBytes, headerBytes, longestPacket, u24 } from './wire.ts';

/** What is left of a side's inner stream between two compressed packets. */
class Inner {
  carry: Buffer | null = null;
  skip = 0;
  /** The thread is lost until the next command begins. */
  astray = false;
}

export class MysqlParser implements Parser {
  readonly #state: MysqlState;
  readonly #client: ClientReader;
  readonly #server: ServerReader;
  readonly #inner: [Inner, Inner] = [new Inner(), new Inner()];
  /** The packet before was as long as can be: what follows belongs to it. */
  readonly #continues: [boolean, boolean] = [false, false];
  #fresh = true;

  constructor(session: Session) {
    this.#state = new MysqlState();
    this.#client = new ClientReader(session, this.#state);
    this.#server = new ServerReader(session, this.#state);
  }

  read(input: Input): number {
    const { bytes, start, end } = input;
    if (this.#fresh) {
      this.#fresh = false;
      if (isCompressed(bytes, start, end)) this.#state.compressed = true;
    }
    if (this.#state.compressed) return this.#compressed(input);
    const next = this.#packet(input, bytes, start, end, input.full);
    if (next === start && input.full) return lost;
    return next;
  }

  /** Commands and answers are known by the numbers of their packets too. */
  resume(input: Input): boolean {
    const verdict = probeMysql(input);
    if (this.#state.compressed || verdict === 'client' || verdict === 'server')
      return verdict === (input.side === 0 ? 'client' : 'server');
    const { bytes, start, end } = input;
    return input.side === 1 && beginsAnswer(bytes, start, end);
  }

  /** A result set whose end will never come is told as far as it came. */
  finish(side: Side): void {
    if (side === 1) this.#server.cut();
  }

  gap(side: Side): void {
    this.#continues[side] = false;
    const inner = this.#inner[side]!;
    inner.carry = null;
    inner.skip = 0;
    inner.astray = false;
    this.#state.forget();
    this.#server.forget();
  }

  /** Reads one packet of `[at, end)`; returns where the next begins, or `at` when more bytes are needed. */
  #packet(input: Input, bytes: Buffer, at: number, end: number, full: boolean): number {
    if (end - at < headerBytes) return at;
    const { side } = input;
    const length = u24(bytes, at);
    const payload = at + headerBytes;
    const next = payload + length;
    if (this.#continues[side]) {
      this.#continues[side] = length === longestPacket;
      return next;
    }
    const needed = side === 0 ? this.#client.needed(length) : this.#server.needed(bytes, payload, end, length);
    if (payload + needed > end && !full) return at;
    this.#continues[side] = length === longestPacket;
    const sequence = bytes[at + 3]!;
    const readable = Math.min(next, end);
    if (side === 0) return this.#client.read(input, bytes, payload, readable, length, sequence) ? next : lost;
    return this.#server.read(input, bytes, payload, readable, length, sequence) ? next : lost;
  }

  /** One compressed packet; a window that is full is taken as far as it goes. */
  #compressed(input: Input): number {
    const { bytes, start, end, side } = input;
    if (end - start < compressedHeaderBytes) return input.full ? lost : start;
    const length = u24(bytes, start);
    const claimed = u24(bytes, start + 4);
    const data = start + compressedHeaderBytes;
    const next = data + length;
    if (next > end && !input.full) return start;
    const inner = this.#inner[side]!;
    const sequence = bytes[start + 3]!;
    if (inner.astray && sequence === side) inner.astray = false;
    if (inner.astray) return next;
    const limit = Math.min(next, end);
    if (claimed === 0) this.#feed(input, inner, bytes, data, limit, length);
    else {
      const out = inflate(bytes, data, limit, claimed);
      if (out === null) {
        if (next <= end && claimed <= 1024 * 1024) return lost;
        this.#strayed(input, inner);
      } else this.#feed(input, inner, out, 0, out.length, claimed);
    }
    return next;
  }

  /** Reads the packets inside a compressed one, of which `total` bytes should have come. */
  #feed(input: Input, inner: Inner, data: Buffer, start: number, end: number, total: number): void {
    let missing = Math.max(0, total - (end - start));
    let bytes = data;
    let at = start;
    if (inner.skip > 0) {
      const passed = Math.min(inner.skip, end - start);
      inner.skip -= passed;
      at += passed;
      if (at === end && missing > 0 && inner.skip >= missing) {
        inner.skip -= missing;
        missing = 0;
      }
    } else if (inner.carry !== null) {
      bytes = Buffer.concat([inner.carry, data.subarray(start, end)]);
      inner.carry = null;
      at = 0;
      end = bytes.length;
    }
    while (at < end) {
      const next = this.#packet(input, bytes, at, end, missing > 0);
      if (next === lost) {
        this.#strayed(input, inner);
        return;
      }
      if (next === at) break;
      at = next;
    }
    if (at > end) {
      inner.skip = at - end;
      const passed = Math.min(inner.skip, missing);
      inner.skip -= passed;
      missing -= passed;
    } else if (at < end) inner.carry = Buffer.from(bytes.subarray(at, end));
    if (missing > 0) this.#strayed(input, inner);
  }

  /** Inner bytes were lost: an answer being read is over as far as it can be known. */
  #strayed(input: Input, inner: Inner): void {
    inner.astray = true;
    inner.carry = null;
    inner.skip = 0;
    this.#continues[input.side] = false;
    if (input.side === 1) this.#server.cut();
  }
}
