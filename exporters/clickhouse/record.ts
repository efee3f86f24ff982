/**
 * The form of a spool file: records, one after the other, each one OTLP message.
 *
 * | bytes  | what                                                              |
 * |--------|-------------------------------------------------------------------|
 * | 0-3    | length of the message, little-endian                              |
 * | 4-7    | CRC-32 of everything behind it: signal, items, message; 0 none    |
 * | 8      | signal: 1 traces, 2 metrics, 3 logs, 4 profiles                   |
 * | 9-12   | items of the message                                              |
 * | 13-    | the message, a checked Export*ServiceRequest in protobuf          |
 */
import { crc32 } from 'node:zlib';
import { Batch, type Signal } from '../../pdata/batch.ts';

export const headerBytes = 13;

const signalNumbers: Record<Signal, number> = { traces: 1, metrics: 2, logs: 3, profiles: 4 };

/**
 * The bytes before a message. A checksum (a tenth of what storing a span costs) is for files that are to survive the
 * machine; one that need only survive the process is checked as OTLP instead when it is found again.
 */
export function recordHeader(signal: Signal, items: number, message: Uint8Array, checksum: boolean): Uint8Array {
  const header = Buffer.allocUnsafe(headerBytes);
  header.writeUInt32LE(message.length, 0);
  header[8] = signalNumbers[signal];
  header.writeUInt32LE(items, 9);
  header.writeUInt32LE(checksum ? crc32(message, crc32(header.subarray(8))) : 0, 4);
  return header;
}

export interface Records {
  messages: Uint8Array[];
  items: number[];
  /** Bytes at the end that are not a whole record: what a killed process had begun to write and not acknowledged. */
  tornBytes: number;
  /** Whole records that do not match their checksum, or are no OTLP: the disk changed them. */
  damaged: number;
}

/** The records of a file; the messages are parts of `file`. `verify` is for files of an earlier process. */
export function readRecords(signal: Signal, file: Buffer, verify: boolean): Records {
  const records: Records = { messages: [], items: [], tornBytes: 0, damaged: 0 };
  let at = 0;
  while (at < file.length) {
    const left = file.length - at;
    const length = left < headerBytes ? 0 : file.readUInt32LE(at);
    // A header of zeros is what a power failure leaves of a record that was not on disk yet.
    if (left < headerBytes + length || isZero(file, at)) {
      records.tornBytes = left;
      break;
    }
    const message = file.subarray(at + headerBytes, at + headerBytes + length);
    const whole = !verify || isWhole(signal, file.subarray(at, at + headerBytes), message);
    if (whole && file[at + 8] === signalNumbers[signal]) {
      records.messages.push(message);
      records.items.push(file.readUInt32LE(at + 9));
    } else records.damaged++;
    at += headerBytes + length;
  }
  return records;
}

function isWhole(signal: Signal, header: Buffer, message: Buffer): boolean {
  const checksum = header.readUInt32LE(4);
  if (checksum !== 0) return crc32(message, crc32(header.subarray(8))) === checksum;
  try {
    return Batch.fromWire(signal, message).items >= 0;
  } catch {
    return false;
  }
}

function isZero(file: Buffer, at: number): boolean {
  for (let i = at; i < Math.min(at + headerBytes, file.length); i++) if (file[i] !== 0) return false;
  return true;
}
