/** The gRPC status codes (google.rpc.Code): the vocabulary in which OTLP talks about failures. */

export const grpcCodes = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

export type GrpcCode = keyof typeof grpcCodes;

const names = Object.keys(grpcCodes) as GrpcCode[];

/** The name of a code from the wire; numbers that no version of the table knows read as UNKNOWN, as the gRPC spec asks. */
export function grpcCodeName(code: number): GrpcCode {
  return names[code] ?? 'UNKNOWN';
}
