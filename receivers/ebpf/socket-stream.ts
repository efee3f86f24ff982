/** One connection's bytes, as system calls moved them or as a TLS library showed them, put in order for the connection's parser. */
import { eventConstants, eventSource } from '../../bpf/programs/event.gen.ts';
import type { Analysis } from '../../flow/l7/analysis.ts';
import { Connection } from '../../flow/l7/connection.ts';
import type { Side } from '../../flow/l7/message.ts';
import type { Session } from '../../flow/l7/session.ts';
import type { Direction, SocketEvent } from './socket-event.ts';
import type { SocketFlow } from './socket-flow.ts';
import { isUnix } from './unix-paths.ts';

/**
 * What the kernel should send of a socket: nothing more, the heads of messages, as much of each message as it can (for heads that are long, or
 * behind each other in one call), or of each call (for heads behind the end of a body).
 */
export type Wish = 'nothing' | 'heads' | 'messages' | 'all';

/** What system calls move, or what the caller of a TLS library sees. */
export type Plane = 'wire' | 'clear';

/** Protocols of which a call's first bytes are enough: bodies come in system calls of their own, or behind the head. */
const headProtocols = new Set(['http1']);

/** What to ask for when bytes that were left out were not all of a body. */
const larger = { heads: 'messages', messages: 'all', all: 'all' } as const;

const unknown = -1;

export class SocketStream {
  readonly flow: SocketFlow;
  /** Null once nothing more is wanted. */
  #connection: Connection | null;
  readonly #wish: (wish: Wish, protocol: string) => void;
  /** Next sequence number by direction. */
  readonly #expected: [number, number] = [unknown, unknown];
  /** Where a direction was, as the other one's first event tells: bytes behind it that were not seen are lost. */
  readonly #begin: [number, number] = [unknown, unknown];
  /** Pieces in the clear that came of one direction before any of the other; -1 when both have come. */
  #alone = 0;
  #aloneDirection: Direction = 0;
  #wished: Wish | '' = '';
  /** What heads need of this connection. */
  #needed: keyof typeof larger = 'heads';
  readonly #analysis: Analysis;
  /** It was given up because no protocol was found. */
  #isGivenUp = false;

  constructor(flow: SocketFlow, analysis: Analysis, wish: (wish: Wish, protocol: string) => void) {
    this.flow = flow;
    this.#analysis = analysis;
    this.#connection = new Connection(flow, analysis);
    this.#wish = wish;
  }

  get session(): Session | null {
    return this.#connection?.session ?? null;
  }

  /** The sequence number of the next byte of that direction; -1 when none was seen. */
  expected(direction: Direction): number {
    return this.#expected[direction];
  }

  /** Whether that direction cannot be read without a table that the process has; undefined while the protocol is not known. */
  lacksTable(direction: Direction): boolean | undefined {
    if (this.#connection === null) return this.#isGivenUp ? undefined : false;
    return this.#connection.lacksTable(this.#side(direction));
  }

  /** Something else than the bytes told that it is this one, whatever they were taken for; TLS stays what it is. */
  assume(protocol: string, timeNs: number): void {
    this.lookAgain();
    const found = this.#connection?.protocol?.name;
    if (this.#connection === null || found === protocol || found === 'tls') return;
    if (found !== undefined) {
      this.#connection.close(timeNs);
      this.#connection = new Connection(this.flow, this.#analysis);
    }
    this.#connection.assume(protocol);
    this.#tellWish();
  }

  /** Bytes that no protocol was found in are wanted once more. */
  lookAgain(): void {
    if (!this.#isGivenUp) return;
    this.#isGivenUp = false;
    this.#connection = new Connection(this.flow, this.#analysis);
    this.#wished = 'all';
    this.#wish('all', '');
  }

  /** The bytes of one system call. */
  take(event: SocketEvent, timeNs: number, frame: number): void {
    const direction = event.direction as Direction;
    let skipped = 0;
    if (event.source === eventSource.syscall && event.transport === 6) {
      this.#noteBegin(direction === 0 ? 1 : 0, event.otherSequence);
      skipped = this.#place(direction, event.sequence, event.length, timeNs);
      if (skipped < 0) return;
    } else if (event.source === eventSource.syscall && isUnix(event)) {
      this.#follow(direction, event.sequence, event.length, timeNs);
    }
    const connection = this.#connection;
    if (connection === null) return;
    const side = this.#side(direction);
    if (event.length === 0) {
      if (direction === 0 && event.transport !== 17) connection.finish(side, timeNs);
      return;
    }
    if (event.source !== eventSource.syscall && this.flow.isOlder) this.#noteClear(connection, direction, timeNs);
    const { captured, payloadAt } = event;
    const from = Math.min(skipped, captured);
    if (captured > from) {
      // 0 stands for bytes without a number, of which both ends make different trace ids.
      const sequence = (event.sequence + from + (isUnix(event) ? 1 : 0)) >>> 0;
      const start = payloadAt + from;
      if (!connection.data(side, event.bytes, start, payloadAt + captured, timeNs, sequence, frame)) {
        this.#end();
        return;
      }
    }
    const missing = event.length - Math.max(captured, skipped);
    if (missing > 0) this.#miss(connection, event, missing, timeNs);
    this.#tellWish();
  }

  /**
   * The probes of reads and of writes do not come at once: of a connection that is older, requests may have been seen whose answers were not
   * yet. The first answer after several pieces of requests is given to none of them, or all later ones would be given to the one before.
   */
  #noteClear(connection: Connection, direction: Direction, timeNs: number): void {
    if (this.#alone < 0) return;
    if (this.#alone === 0) this.#aloneDirection = direction;
    if (direction === this.#aloneDirection) {
      this.#alone++;
      return;
    }
    const side = this.#side(direction);
    const name = connection.protocol?.name;
    // Answers of HTTP/2 say whose they are. How much was missed is not known.
    if (this.#alone > 1 && side === 1 && name !== undefined && name !== 'http2') connection.gap(side, 1, timeNs);
    this.#alone = -1;
  }

  /** Bytes up to that sequence number of a direction will not come any more. */
  lose(direction: Direction, sequence: number, timeNs: number): void {
    const expected = this.#expected[direction];
    const missing = expected === unknown ? 0 : (sequence - expected) | 0;
    if (missing <= 0) return;
    this.#expected[direction] = sequence >>> 0;
    this.#connection?.gap(this.#side(direction), missing, timeNs);
  }

  close(timeNs: number): void {
    this.#connection?.close(timeNs);
    this.#connection = null;
  }

  /** 0: the socket's bytes have no numbers of TCP. */
  #noteBegin(direction: Direction, sequence: number): void {
    if (sequence !== 0 && this.#expected[direction] === unknown && this.#begin[direction] === unknown)
      this.#begin[direction] = sequence;
  }

  /**
   * Notes where the bytes lie in their direction. How many of them were told before (a call that was begun anew, bytes that were peeked
   * at); -1 when all were. Bytes that were lost in between are a gap.
   */
  #place(direction: Direction, sequence: number, length: number, timeNs: number): number {
    const expected = this.#expected[direction];
    const end = (sequence + length) >>> 0;
    if (expected === unknown) {
      this.#expected[direction] = end;
      const begin = this.#begin[direction];
      const before = begin === unknown ? 0 : (sequence - begin) | 0;
      if (before > 0) this.#connection?.gap(this.#side(direction), before, timeNs);
      return 0;
    }
    const ahead = (sequence - expected) | 0;
    if (ahead >= 0) {
      if (ahead > 0) this.#connection?.gap(this.#side(direction), ahead, timeNs);
      this.#expected[direction] = end;
      return 0;
    }
    if (((end - expected) | 0) <= 0) return length === 0 ? 0 : unknown;
    this.#expected[direction] = end;
    return -ahead;
  }

  /** Over AF_UNIX bytes are numbered from when the kernel first saw the socket; where that forgot it, from anew. */
  #follow(direction: Direction, sequence: number, length: number, timeNs: number): void {
    const expected = this.#expected[direction];
    const missing = expected === unknown ? 0 : (sequence - expected) | 0;
    if (missing > 0) this.#connection?.gap(this.#side(direction), missing, timeNs);
    this.#expected[direction] = (sequence + length) >>> 0;
  }

  /** A limit was reached, or the bytes never were in the memory of a process: they passed. What could not be read is lost. */
  #miss(connection: Connection, { flags, direction }: SocketEvent, length: number, timeNs: number): void {
    const side = this.#side(direction as Direction);
    if ((flags & eventConstants.EVENT_FAULT) !== 0) {
      connection.gap(side, length, timeNs);
      return;
    }
    const { counters } = this.#analysis;
    const before = counters.gapBytes;
    connection.unseen(side, length, timeNs);
    if (counters.gapBytes > before && connection.protocol !== null) this.#needed = larger[this.#needed];
  }

  #side(direction: Direction): Side {
    return (direction === 1) === (this.flow.role === 'client') ? 0 : 1;
  }

  #tellWish(): void {
    const protocol = this.#connection?.protocol?.name;
    if (protocol === undefined) return;
    const wish = headProtocols.has(protocol) ? this.#needed : 'all';
    if (wish === this.#wished) return;
    this.#wished = wish;
    this.#wish(wish, protocol);
  }

  #end(): void {
    const protocol = this.#connection?.protocol?.name ?? '';
    this.#connection = null;
    this.#isGivenUp = protocol === '';
    this.#wished = 'nothing';
    this.#wish('nothing', protocol);
  }
}
