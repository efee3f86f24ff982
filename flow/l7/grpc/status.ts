/** The status codes of gRPC: names, and who is at fault. */
import type { MessageStatus } from '../message.ts';

const names = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
];

/** What the caller did wrong, or wanted no more. */
const clientErrors = new Set([1, 3, 5, 6, 7, 9, 11, 16]);
/** What is an error of the server's span too (OpenTelemetry semantic conventions, gRPC). */
const serverFailures = new Set([2, 4, 12, 13, 14, 15]);

export function grpcStatusName(code: number): string {
  return names[code] ?? String(code);
}

export function grpcStatus(code: number): MessageStatus {
  return code === 0 ? 'ok' : clientErrors.has(code) ? 'client_error' : 'server_error';
}

/** Whether the code makes the span a failed one. */
export function grpcFails(code: number, atServer: boolean): boolean {
  return atServer ? serverFailures.has(code) || code > 16 : code !== 0;
}

/** The code that stands for a stream reset (gRPC over HTTP/2, "Errors"). */
export function grpcOfReset(errorCode: number): number {
  switch (errorCode) {
    case 0x7:
      return 14;
    case 0x8:
      return 1;
    case 0xb:
      return 8;
    case 0xc:
      return 7;
    default:
      return 13;
  }
}

/** grpc-message undone: percent-encoded UTF-8; what is not valid stays as it came. */
export function grpcMessage(value: string): string {
  if (!value.includes('%')) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
