/** The row of a flow: the words and doubles it is kept in, and the pages that rows live in. */

/*
 * A flow is one row of 560 bytes, not one element in each of 100 columns: a packet touches some thirty numbers of ONE flow, which
 * lie here in five cache lines. Rows live in pages that are added as flows come, so growing never copies (a table of a million
 * rows that doubled would stand still for 0.2 s and need its memory twice).
 *
 * `words` are 32-bit, `doubles` views the same bytes. The two ends of a flow are peer 0 and peer 1 by the order of their
 * addresses, whichever is the client: so turning a flow round moves nothing.
 */

/** Words of the key: addresses of peer 0 and 1 (4 each), ports, protocol and tunnel and capture point, tunnel id. */
export const keyWords = 11;
export const addressWord = 0;
export const portsWord = 8;
export const protocolWord = 9;
export const tunnelIdWord = 10;
/** VLAN ids of what peer 0 sends, as {@link vlanOf} has them; 0 until it has sent something. */
export const vlanWord = 11;

export const hashWord = 12;
/** Neighbours in the timeout queue (row + 1, 0 is none), and which queue. */
export const previousWord = 13;
export const nextWord = 14;
export const queueWord = 15;
export const stateWord = 16;
/** {@link flowBits}. */
export const bitsWord = 17;
/** Number of the evidence for the direction. */
export const evidenceWord = 18;
/** Second of the last packet and minute of the open interval, both after the capture's epoch. */
export const secondWord = 19;
export const minuteWord = 20;
export const ipIdWord = 21;
/** TTL of peer 0 in the low byte, of peer 1 in the next; in the third how many tunnels the first packet was in. */
export const ttlWord = 22;
/** MAC of peer 0, then of peer 1: 12 bytes. */
export const macWord = 23;
export const idHiWord = 26;
export const idLoWord = 27;
export const realAddressWord = 28;
export const realPortWord = 29;
export const mplsWord = 30;
/** VLAN ids of what peer 1 sends. */
export const secondVlanWord = 31;
export const synSequenceWord = 32;
export const synAckSequenceWord = 33;
/** Counts of the interval. */
export const synWord = 34;
export const synAckWord = 35;
export const synRepeatWord = 36;
export const synAckRepeatWord = 37;
/** How often each delay was measured in the interval. */
export const delayCountWord = 38;

/** Words of one peer; the second peer's follow the first's. */
export const peerWord = 44;
export const peerWords = 16;
export const packetsWord = 0;
export const finWord = 1;
export const rstWord = 2;
export const retransmissionsWord = 3;
export const outOfOrderWord = 4;
export const zeroWindowWord = 5;
export const flagsWord = 6;
/** Packets since the flow began. */
export const totalPacketsWord = 7;
/** The range of sequence numbers seen that reaches highest: first byte, and the one after the last. */
export const seenLowWord = 8;
export const seenHighWord = 9;
/** Initial sequence number + 1. */
export const firstSequenceWord = 10;
/** Of the last packet that was measured; a SYN counts 1. */
export const lastSequenceWord = 11;
export const lastLengthWord = 12;
export const highestAckWord = 13;
export const windowWord = 14;
/** {@link peerBits}. */
export const peerBitsWord = 15;

/** Doubles of a row: index into `doubles`, where a row begins at half its word. */
export const startDouble = 38;
export const lastDouble = 39;
export const peerDouble = 40;
export const peerDoubles = 6;
export const bytesDouble = 0;
export const layer3BytesDouble = 1;
export const payloadBytesDouble = 2;
export const gapBytesDouble = 3;
export const lastTimeDouble = 4;
/** When its first SYN or SYN/ACK came. */
export const handshakeTimeDouble = 5;
/** Sum, minimum and maximum of each delay. */
export const delayDouble = 52;
export const delayDoubles = 3;

export const rowWords = 140;

export const flowBits = {
  /** Peer 1 is the client. */
  reversed: 1,
  /** A record was written. */
  reported: 2,
  /** Nobody wants the payload. */
  unwanted: 4,
  /** A tunnel's outer addresses are in the side table. */
  tunnelled: 8,
  /** From the first SYN until a packet that belongs to no handshake. */
  handshaking: 16,
  ipv6: 32,
  /** UDP: the client sent last. */
  awaitsAnswer: 64,
} as const;

export const peerBits = {
  /** firstSequence is known. */
  opened: 1,
  /** A SYN (not SYN/ACK) was sent. */
  synSent: 2,
  /** The seen range is known. */
  seen: 4,
  /** Other, lower seen ranges are in the side table. */
  holes: 8,
  /** The next bare ACK may tell srt; the next data may tell art. */
  awaitsAck: 16,
  awaitsData: 32,
  /** The packet before was the ACK that completes the handshake. */
  handshakeAck: 64,
  /** highestAck is known. */
  acked: 128,
  synAckSent: 256,
  /** SYN came before the SYN/ACK, so the whole handshake can be timed. */
  timesHandshake: 512,
  /** Sent a FIN; a RST. */
  fin: 1024,
  reset: 2048,
} as const;

const pageShift = 12;
const rowsPerPage = 1 << pageShift;

/** A page of rows. */
class Page {
  readonly words: Int32Array;
  readonly doubles: Float64Array;

  constructor() {
    const buffer = new ArrayBuffer(rowsPerPage * rowWords * 4);
    this.words = new Int32Array(buffer);
    this.doubles = new Float64Array(buffer);
  }
}

/** Points at one flow: `words[at + …Word]`, `doubles[half + …Double]`. One is moved from flow to flow. */
export class FlowCursor {
  row = -1;
  words: Int32Array = new Int32Array(0);
  doubles: Float64Array = new Float64Array(0);
  at = 0;
  half = 0;
}

/** All rows, used and free. */
export class FlowRows {
  readonly #pages: Page[] = [];
  #free = 0;
  #used = 0;

  /** Rows that were ever in use: row numbers are below. */
  get extent(): number {
    return this.#used;
  }

  /** Bytes of the pages. */
  get sizeBytes(): number {
    return this.#pages.length * rowsPerPage * rowWords * 4;
  }

  move(cursor: FlowCursor, row: number): void {
    const page = this.#pages[row >>> pageShift]!;
    cursor.row = row;
    cursor.words = page.words;
    cursor.doubles = page.doubles;
    cursor.at = (row & (rowsPerPage - 1)) * rowWords;
    cursor.half = cursor.at >>> 1;
  }

  /** Takes a row of zeros and points the cursor at it. */
  take(cursor: FlowCursor): void {
    if (this.#free !== 0) {
      this.move(cursor, this.#free - 1);
      this.#free = cursor.words[cursor.at + nextWord]!;
      cursor.words.fill(0, cursor.at, cursor.at + rowWords);
      return;
    }
    if (this.#used >>> pageShift === this.#pages.length) this.#pages.push(new Page());
    this.move(cursor, this.#used++);
  }

  /** Gives back the row the cursor is at. */
  release(cursor: FlowCursor): void {
    cursor.words[cursor.at + queueWord] = -1;
    cursor.words[cursor.at + nextWord] = this.#free;
    this.#free = cursor.row + 1;
  }
}
