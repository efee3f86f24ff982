/**
 * The key of a series as bytes: what identifies it, written part by part into one buffer that is used again and again.
 *
 * Layout: a byte of flags (1 overflow), then each part as a 16-bit length, little-endian, and its bytes. The first part is
 * `service.namespace`, the second `service.name`, and the dimensions of the family follow in order. The last part is not
 * shown to anyone: the place where the calls were made, see sightings.ts.
 */

/** Longer values are cut: a key with a megabyte in it would not be a key. */
const maxPartBytes = 256;
const colon = 0x3a;
/** Parts before the dimensions. */
export const serviceParts = 2;

/** First bytes of a place. */
export const placeOfProcess = Buffer.from('p');
const placeOnWire = Buffer.from('w');
/** A byte that no address has, and the port. */
const portBytes = new Uint8Array(3);

export class SeriesKey {
  bytes = new Uint8Array(4096);
  length = 1;
  /** Where the place begins. */
  #place = 0;

  begin(): void {
    this.bytes[0] = 0;
    this.length = 1;
  }

  /** The bytes `[offset, offset + length)` of `source` as the next part. */
  slice(source: Uint8Array, offset: number, length: number): void {
    const size = length <= maxPartBytes ? length : wholeCharacters(source, offset, maxPartBytes);
    const at = this.length;
    const b = this.bytes;
    b[at] = size;
    b[at + 1] = size >>> 8;
    for (let i = 0; i < size; i++) b[at + 2 + i] = source[offset + i]!;
    this.length = at + 2 + size;
  }

  /** The last part: who told of the server's end of a socket, its address and port. See sightings.ts. */
  place(isProcess: boolean, source: Uint8Array, offset: number, length: number, port: number): void {
    this.#place = this.length;
    this.whole(isProcess ? placeOfProcess : placeOnWire);
    this.extend(source, offset, length);
    portBytes[1] = port >>> 8;
    portBytes[2] = port;
    this.extend(portBytes, 0, portBytes.length);
  }

  /** Makes the place longer. */
  extend(source: Uint8Array, offset: number, length: number): void {
    const at = this.#place;
    const size = this.length - at - 2;
    const b = this.bytes;
    const more = Math.max(0, Math.min(length, maxPartBytes - size));
    for (let i = 0; i < more; i++) b[this.length + i] = source[offset + i]!;
    this.length += more;
    b[at] = size + more;
    b[at + 1] = (size + more) >>> 8;
  }

  whole(bytes: Uint8Array): void {
    this.slice(bytes, 0, bytes.length);
  }

  /** `10.0.0.1:80` or `[::1]:80` as the next part; without a port (0) the address as it is. */
  endpoint(source: Uint8Array, offset: number, length: number, port: number): void {
    const at = this.length;
    this.slice(source, offset, length);
    if (port <= 0 || length === 0) return;
    const b = this.bytes;
    if (b.subarray(at + 2, this.length).includes(colon)) {
      b.copyWithin(at + 3, at + 2, this.length);
      b[at + 2] = 0x5b;
      b[this.length + 1] = 0x5d;
      this.length += 2;
    }
    b[this.length++] = colon;
    let divisor = 1;
    while (divisor * 10 <= port) divisor *= 10;
    for (; divisor >= 1; divisor = Math.floor(divisor / 10))
      b[this.length++] = 0x30 + (Math.floor(port / divisor) % 10);
    const size = this.length - at - 2;
    b[at] = size;
    b[at + 1] = size >>> 8;
  }
}

/** Where part `index` of the key that begins at `at` is: the offset of its length. */
export function partAt(bytes: Uint8Array, at: number, index: number): number {
  let p = at + 1;
  for (let i = 0; i < index; i++) p += 2 + partLength(bytes, p);
  return p;
}

export function partLength(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8);
}

/** The most bytes, up to `length`, that end where a character ends. */
function wholeCharacters(source: Uint8Array, offset: number, length: number): number {
  let end = length;
  while (end > 0 && (source[offset + end]! & 0xc0) === 0x80) end--;
  return end;
}
