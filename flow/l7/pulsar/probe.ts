/** Recognises Pulsar: two lengths that fit each other, then a BaseCommand whose type names its only other field. */
import type { Input } from '../input.ts';
import { ProtobufFields, wireTypes } from '../protobuf-fields.ts';
import type { Verdict } from '../protocol.ts';
import { type Command, commands } from './commands.ts';

/** `maxMessageSize` is 5 MiB by default, with 10 KiB for what is around it; more for those who raised it. */
const maxFrameBytes = 256 * 1024 * 1024;
/** Commands are small; topics of a namespace may be many. */
export const maxCommandBytes = 60 * 1024;
/** Size of all that follows, size of the command. */
export const prefixBytes = 8;

/*
 * Frame: size of what follows (4), size of the command (4), BaseCommand. SEND and MESSAGE go on with the message:
 * [0x0e02, size (4), broker's metadata] [0x0e01, CRC-32C (4)] size (4), MessageMetadata, payload.
 * BaseCommand: 1 type, and the command in the field with the number of the type.
 */
export function probePulsar(input: Input): Verdict {
  const { bytes, start, end, full } = input;
  if (bytes[start]! > 0x0f) return 'no';
  if (end - start < prefixBytes + 2) return sizesFit(bytes, start, end) ? 'more' : 'no';
  if (!sizesFit(bytes, start, end)) return 'no';
  // The type comes first: every implementation writes fields in order.
  const command = commandAt(bytes, start);
  if (command === undefined) return 'no';
  const commandEnd = start + prefixBytes + bytes.readUInt32BE(start + 4);
  if (commandEnd > end) return full ? 'no' : 'more';
  if (!fieldsFit(bytes, start + prefixBytes, commandEnd)) return 'no';
  if (command.side === null) return 'either';
  return command.side === 0 ? 'client' : 'server';
}

/** Whether the sizes, as far as they are there, may be those of a frame. */
export function sizesFit(bytes: Buffer, start: number, end: number): boolean {
  if (end - start < prefixBytes) return true;
  const total = bytes.readUInt32BE(start);
  const size = bytes.readUInt32BE(start + 4);
  return size >= 4 && size <= maxCommandBytes && total >= size + 4 && total <= maxFrameBytes;
}

/** The command at the beginning of a frame; undefined when there is none. */
export function commandAt(bytes: Buffer, start: number): Command | undefined {
  return bytes[start + prefixBytes] === 0x08 ? commands.get(bytes[start + prefixBytes + 1]!) : undefined;
}

const fields = new ProtobufFields();

function fieldsFit(bytes: Buffer, start: number, end: number): boolean {
  fields.begin(bytes, start, end);
  let type = 0;
  let count = 0;
  while (fields.next()) {
    if (fields.number === 1 && fields.wireType === wireTypes.varint) type = fields.value;
    else if (fields.number !== type || fields.wireType !== wireTypes.length) return false;
    else count++;
  }
  return !fields.bad && !fields.cut && count === 1;
}
