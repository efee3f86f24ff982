/** Metadata of a message that is sent or delivered: its properties, which carry the trace context, and how many messages it is a batch of. */
import { findTraceHeader, offerTraceHeader } from '../../trace-context/headers.ts';
import type { Message } from '../message.ts';
import type { ProtocolOptions } from '../options.ts';
import { ProtobufFields, wireTypes } from '../protobuf-fields.ts';
import { utf8 } from '../text.ts';

const brokerMagic = 0x0e02;
const checksumMagic = 0x0e01;
const maxProperties = 64;
/** Messages of a batch whose own properties are looked at. */
const maxBatched = 8;

const compressions = ['', 'lz4', 'zlib', 'zstd', 'snappy'];

const fields = new ProtobufFields();
const property = new ProtobufFields();

/** Reads what is behind the command, between `start` and `end`; stops where the bytes do. Returns where the payload begins; 0 when that is not known. */
export function readMetadata(
  message: Message,
  bytes: Buffer,
  start: number,
  end: number,
  options: ProtocolOptions,
): number {
  let at = start;
  if (end - at >= 6 && bytes.readUInt16BE(at) === brokerMagic) at += 6 + bytes.readUInt32BE(at + 2);
  if (end - at >= 6 && bytes.readUInt16BE(at) === checksumMagic) at += 6;
  if (end - at < 4) return 0;
  const size = bytes.readUInt32BE(at);
  const metadataEnd = at + 4 + size;
  let compressed = false;
  let batched = 0;
  let properties = 0;
  fields.begin(bytes, at + 4, Math.min(metadataEnd, end));
  while (fields.next()) {
    if (fields.number === 1) message.fact('producerName', fields.word());
    else if (fields.number === 4 && properties++ < maxProperties)
      readProperty(message, bytes, fields.start, fields.end, options);
    else if (fields.number === 8 && fields.value > 0) {
      compressed = true;
      message.fact('compression', compressions[fields.value] ?? String(fields.value));
    } else if (fields.number === 11) batched = fields.int32();
    // Encrypted: the payload tells nothing.
    else if (fields.number === 13) compressed = true;
  }
  if (batched > 0) message.fact('messageCount', batched);
  if (batched > 0 && !compressed && message.trace === null) readBatch(message, bytes, metadataEnd, end, options);
  return metadataEnd;
}

/** Each message of a batch has its size and metadata of its own before its payload. */
function readBatch(message: Message, bytes: Buffer, start: number, end: number, options: ProtocolOptions): void {
  let at = start;
  for (let count = 0; count < maxBatched && end - at >= 4 && message.trace === null; count++) {
    const metadataEnd = at + 4 + bytes.readUInt32BE(at);
    if (metadataEnd > end) return;
    let payload = 0;
    fields.begin(bytes, at + 4, metadataEnd);
    while (fields.next()) {
      if (fields.number === 1) readProperty(message, bytes, fields.start, fields.end, options);
      else if (fields.number === 3) payload = fields.low;
    }
    at = metadataEnd + payload;
  }
}

/** A key and a value. */
function readProperty(message: Message, bytes: Buffer, start: number, end: number, options: ProtocolOptions): void {
  let name = '';
  property.begin(bytes, start, end);
  while (property.next()) {
    if (property.wireType !== wireTypes.length) continue;
    if (property.number === 1) name = findTraceHeader(bytes, property.start, property.end, options);
    else if (property.number === 2 && name !== '')
      offerTraceHeader(message, name, utf8(bytes, property.start, property.end, 1024), options);
  }
}
