/** Reads what an event of kind `headers` tells: a table of header fields, or which block it is for, or both. */
import { eventConstants, headerEvent } from './event.gen.ts';

export interface HeaderTable {
  /** Address of the encoder or decoder in its process, by which two records belong together. */
  coder: number;
  /** Number of the stream; 0 while it is not known. */
  stream: number;
  /** Bytes of the block's first fragment, and the first of them, as a copy. */
  blockLength: number;
  blockBegin: Uint8Array;
  /** Most bytes of the table, as RFC 7541 §4.1 counts. */
  maxSize: number;
  /** Names and values, one character per byte; the newest first. */
  fields: (readonly [name: string, value: string])[];
}

/** The `captured` bytes at `start`. Throws a RangeError when they are too few for what they say. */
export function readHeaderTable(bytes: Uint8Array, start: number, captured: number): HeaderTable {
  const payload = Buffer.from(bytes.buffer, bytes.byteOffset + start, captured);
  const blockLength = payload.readUInt32LE(headerEvent.blockLength);
  const begin = Math.min(blockLength, eventConstants.HEADER_BLOCK_BEGIN);
  const table: HeaderTable = {
    coder: Number(payload.readBigUInt64LE(headerEvent.coder)),
    stream: payload.readUInt32LE(headerEvent.stream),
    blockLength,
    blockBegin: Uint8Array.prototype.slice.call(payload, headerEvent.block, headerEvent.block + begin),
    maxSize: payload.readUInt32LE(headerEvent.maxSize),
    fields: [],
  };
  let at: number = headerEvent.size;
  for (let left = payload.readUInt32LE(headerEvent.fields); left > 0; left--) {
    const name = at + 4;
    const value = name + payload.readUInt16LE(at);
    at = value + payload.readUInt16LE(at + 2);
    if (at > captured) throw new RangeError(`a table of header fields ends ${at - captured} bytes behind its record`);
    table.fields.push([payload.toString('latin1', name, value), payload.toString('latin1', value, at)]);
  }
  return table;
}
