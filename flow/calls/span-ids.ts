/**
 * Trace and span ids of calls that carry none: hashes of the connection and the request's TCP sequence number, so that two captures of the
 * same call at the same kind of place agree on them without talking.
 */

/** Four words that begin as the hash of a connection's ends and take in the rest per call. */
export class IdHash {
  a = 0;
  b = 0;
  c = 0;
  d = 0;

  /** Starts from a text: the ends of the connection. */
  start(text: string): void {
    this.a = 0x9e3779b9 | 0;
    this.b = 0x85ebca6b | 0;
    this.c = 0xc2b2ae35 | 0;
    this.d = 0x27d4eb2f | 0;
    for (let index = 0; index < text.length; index++) this.mix(text.charCodeAt(index));
  }

  copy(from: IdHash): void {
    this.a = from.a;
    this.b = from.b;
    this.c = from.c;
    this.d = from.d;
  }

  /** Takes one 32-bit word in. */
  mix(word: number): void {
    this.a = Math.imul(this.a ^ word, 0x85ebca6b);
    this.a ^= this.a >>> 15;
    this.b = Math.imul(this.b ^ (word + this.a), 0xc2b2ae35);
    this.b ^= this.b >>> 13;
    this.c = Math.imul(this.c ^ (word + this.b), 0x27d4eb2f);
    this.c ^= this.c >>> 16;
    this.d = Math.imul(this.d ^ (word + this.c), 0x165667b1);
    this.d ^= this.d >>> 14;
  }

  /** Ids of only zeros are not valid (W3C Trace Context §3.2.2). */
  finish(): void {
    this.mix(0x5bd1e995);
    if ((this.a | this.b) === 0) this.b = 1;
    if ((this.c | this.d) === 0) this.d = 1;
  }
}
