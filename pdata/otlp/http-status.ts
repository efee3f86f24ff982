/** The two ways between gRPC codes and HTTP statuses of OTLP/HTTP. */
import type { GrpcCode } from '../../wire/grpc/codes.ts';

/** 503 and 429 invite the sender to try again, everything else tells it to drop the data. */
export function httpStatusOf(code: GrpcCode): number {
  switch (code) {
    case 'CANCELLED':
    case 'DEADLINE_EXCEEDED':
    case 'ABORTED':
    case 'OUT_OF_RANGE':
    case 'UNAVAILABLE':
    case 'DATA_LOSS':
      return 503;
    case 'RESOURCE_EXHAUSTED':
      return 429;
    case 'INVALID_ARGUMENT':
      return 400;
    case 'UNAUTHENTICATED':
      return 401;
    case 'PERMISSION_DENIED':
      return 403;
    case 'UNIMPLEMENTED':
      return 404;
    default:
      return 500;
  }
}

/** For failures that HTTP itself found, such as a body that is too large. */
export function codeOfHttpStatus(status: number): GrpcCode {
  switch (status) {
    case 400:
      return 'INVALID_ARGUMENT';
    case 401:
      return 'UNAUTHENTICATED';
    case 403:
      return 'PERMISSION_DENIED';
    case 404:
      return 'UNIMPLEMENTED';
    case 408:
      return 'DEADLINE_EXCEEDED';
    case 429:
      return 'RESOURCE_EXHAUSTED';
    case 502:
    case 503:
    case 504:
      return 'UNAVAILABLE';
    default:
      return 'UNKNOWN';
  }
}
