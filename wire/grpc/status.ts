/** A failed call: the error that handlers throw and clients catch, and its forms on the wire. */
import { type GrpcCode, grpcCodeName, grpcCodes } from './codes.ts';

export interface GrpcErrorOptions {
  /** Sent as google.rpc.RetryInfo: the peer may send the same data again after this long. */
  retryAfterMs?: number | undefined;
  cause?: unknown;
}

/** A call that ended with a status other than OK. */
export class GrpcError extends Error {
  override readonly name = 'GrpcError';
  readonly code: GrpcCode;
  readonly retryAfterMs: number | undefined;

  constructor(code: GrpcCode, message: string, options: GrpcErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** `grpc-message`: UTF-8 with everything outside printable ASCII, and `%`, percent-encoded. */
export function encodeGrpcMessage(message: string): string {
  if (/^[ -$&-~]*$/.test(message)) return message;
  let out = '';
  for (const byte of Buffer.from(message, 'utf8')) {
    out +=
      byte >= 0x20 && byte <= 0x7e && byte !== 0x25
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return out;
}

/** Undoes {@link encodeGrpcMessage}; what is not valid percent-encoding stays as it is. */
export function decodeGrpcMessage(text: string): string {
  if (!text.includes('%')) return text;
  const bytes: number[] = [];
  for (let i = 0; i < text.length; i++) {
    const hex = text[i] === '%' ? text.slice(i + 1, i + 3) : '';
    if (/^[0-9a-fA-F]{2}$/.test(hex)) {
      bytes.push(Number.parseInt(hex, 16));
      i += 2;
    } else {
      bytes.push(text.charCodeAt(i) & 0xff);
    }
  }
  return Buffer.from(bytes).toString('utf8');
}

const retryInfoType = 'type.googleapis.com/google.rpc.RetryInfo';

/**
 * google.rpc.Status as protobuf, the body of OTLP/HTTP errors and of `grpc-status-details-bin`:
 *
 *     Status    1 code int32 · 2 message string · 3 details repeated Any
 *     Any       1 type_url string · 2 value bytes
 *     RetryInfo 1 retry_delay Duration
 *     Duration  1 seconds int64 · 2 nanos int32
 */
export function writeStatus(error: { code: GrpcCode; message: string; retryAfterMs?: number | undefined }): Buffer {
  const parts = [varintField(1, grpcCodes[error.code]), bytesField(2, Buffer.from(error.message))];
  if (error.retryAfterMs !== undefined) {
    const seconds = Math.floor(error.retryAfterMs / 1000);
    const nanos = Math.round((error.retryAfterMs - seconds * 1000) * 1e6);
    const delay = Buffer.concat([varintField(1, seconds), varintField(2, nanos)]);
    const any = [bytesField(1, Buffer.from(retryInfoType)), bytesField(2, bytesField(1, delay))];
    parts.push(bytesField(3, Buffer.concat(any)));
  }
  return Buffer.concat(parts);
}

/** google.rpc.Status in the JSON mapping of protobuf. */
export function writeStatusJson(error: { code: GrpcCode; message: string; retryAfterMs?: number | undefined }): string {
  const status = { code: grpcCodes[error.code], message: error.message };
  if (error.retryAfterMs === undefined) return JSON.stringify(status);
  return JSON.stringify({
    ...status,
    details: [{ '@type': retryInfoType, retryDelay: `${error.retryAfterMs / 1000}s` }],
  });
}

/** Reads google.rpc.Status; undefined when the bytes are not one. Details other than RetryInfo are skipped. */
export function readStatus(bytes: Uint8Array): GrpcError | undefined {
  let code = 0;
  let message = '';
  let retryAfterMs: number | undefined;
  const valid = readFields(bytes, (field, value) => {
    if (field === 1 && typeof value === 'number') code = value;
    else if (field === 2 && typeof value !== 'number') message = text(value);
    else if (field === 3 && typeof value !== 'number') retryAfterMs = readRetryInfo(value) ?? retryAfterMs;
  });
  return valid ? new GrpcError(grpcCodeName(code), message, { retryAfterMs }) : undefined;
}

function readRetryInfo(any: Uint8Array): number | undefined {
  let type = '';
  let retryAfterMs = 0;
  readFields(any, (field, value) => {
    if (typeof value === 'number') return;
    if (field === 1) type = text(value);
    if (field === 2) {
      readFields(value, (_, delay) => {
        if (typeof delay === 'number') return;
        readFields(delay, (unit, count) => {
          if (typeof count === 'number') retryAfterMs += unit === 1 ? count * 1000 : unit === 2 ? count / 1e6 : 0;
        });
      });
    }
  });
  return type === retryInfoType ? retryAfterMs : undefined;
}

/**
 * Visits the fields of a small message: numbers for varints, slices for length-delimited fields; fixed-width fields are
 * skipped. False when the framing is broken. For status messages only: 64-bit values lose precision above 2^53.
 */
export function readFields(bytes: Uint8Array, visit: (field: number, value: number | Uint8Array) => void): boolean {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = bytes[at++];
      if (byte === undefined) return Number.NaN;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    return Number.NaN;
  };
  while (at < bytes.length) {
    const tag = varint();
    const field = Math.floor(tag / 8);
    switch (tag % 8) {
      case 0: {
        const value = varint();
        if (Number.isNaN(value)) return false;
        visit(field, value);
        break;
      }
      case 1:
        at += 8;
        break;
      case 2: {
        const end = varint() + at;
        if (!(end <= bytes.length)) return false;
        visit(field, bytes.subarray(at, end));
        at = end;
        break;
      }
      case 5:
        at += 4;
        break;
      default:
        return false;
    }
  }
  return at === bytes.length;
}

function varintField(field: number, value: number): Buffer {
  return value === 0 ? Buffer.alloc(0) : Buffer.from([field << 3, ...varintBytes(value)]);
}

function bytesField(field: number, value: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([(field << 3) | 2, ...varintBytes(value.length)]), value]);
}

function varintBytes(value: number): number[] {
  const bytes: number[] = [];
  for (; value >= 0x80; value = Math.floor(value / 0x80)) bytes.push((value % 0x80) | 0x80);
  bytes.push(value);
  return bytes;
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
}
