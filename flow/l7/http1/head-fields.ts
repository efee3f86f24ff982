/** The fields of a head: what they say of framing, and of the call. */
import { takeField } from '../http/fields.ts';
import { type HeaderNames, header, headerNames } from '../http/header-names.ts';
import type { Message } from '../message.ts';
import type { ProtocolOptions } from '../options.ts';
import { interned } from '../text.ts';
import { contentLength, endsChunked, isBlank, isSpace, unfold } from './lines.ts';

export class HeadFields {
  /** Of the head read last: Content-Length, -1 when it does not count; whether the body comes in chunks; Upgrade. */
  length = -1;
  chunked = false;
  upgrade = '';
  #otherCoding = false;
  readonly #options: ProtocolOptions;
  readonly #names: HeaderNames;

  constructor(options: ProtocolOptions) {
    this.#options = options;
    this.#names = headerNames(options);
  }

  /** Reads the fields from `start`, behind the first line, and gives the message what is wanted of them. */
  read(message: Message, bytes: Buffer, start: number, end: number): void {
    this.length = -1;
    this.chunked = false;
    this.upgrade = '';
    this.#otherCoding = false;
    const { table } = this.#names;
    let at = start;
    while (at < end) {
      let colon = at;
      let byte = bytes[colon]!;
      while (byte !== 0x3a && byte !== 0x0a && ++colon < end) byte = bytes[colon]!;
      let lineEnd = colon;
      while (lineEnd < end && bytes[lineEnd] !== 0x0a) lineEnd++;
      // A folded line (RFC 9112 §5.2).
      while (lineEnd + 1 < end && isBlank(bytes[lineEnd + 1]!)) {
        lineEnd++;
        while (lineEnd < end && bytes[lineEnd] !== 0x0a) lineEnd++;
      }
      if (byte === 0x3a) {
        const index = table.find(bytes, at, colon);
        if (index >= 0) this.#take(message, index, bytes, colon + 1, lineEnd);
      }
      at = lineEnd + 1;
    }
    if (this.chunked || this.#otherCoding) this.length = -1;
  }

  #take(message: Message, index: number, bytes: Buffer, start: number, end: number): void {
    while (start < end && isSpace(bytes[start]!)) start++;
    while (end > start && isSpace(bytes[end - 1]!)) end--;
    switch (index) {
      case header.host:
        // The target's own authority counts more (RFC 9112 §3.2.2).
        if (message.domain === '') message.domain = interned.get(bytes, start, Math.min(end, start + 255));
        break;
      case header.contentLength:
        this.length = contentLength(bytes, start, end);
        return;
      case header.transferEncoding:
        this.chunked = endsChunked(bytes, start, end);
        this.#otherCoding = !this.chunked;
        return;
      case header.upgrade:
        this.upgrade = interned.get(bytes, start, Math.min(end, start + 64));
        break;
    }
    if (this.#names.uses[index] !== 0) {
      const value = interned.get(bytes, start, Math.min(end, start + this.#options.maxText));
      takeField(message, index, unfold(value), this.#names, this.#options);
    }
  }
}
