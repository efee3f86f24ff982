/** Which failures of a gRPC export are worth another attempt. */
import { ConsumeError } from '../../component/errors.ts';
import { GrpcError } from '../../wire/grpc/status.ts';

/**
 * The OTLP specification's table ("Failures" of OTLP/gRPC): these codes may be retried; RESOURCE_EXHAUSTED only when the
 * server says after how long.
 */
export function consumeErrorOf(error: unknown): ConsumeError {
  if (!(error instanceof GrpcError)) {
    // The call went well but its response cannot be read: the peer has the data, so sending again would double it.
    return new ConsumeError(String((error as Error).message), { permanent: true, cause: error });
  }
  const { code, message, retryAfterMs } = error;
  return new ConsumeError(`${code}: ${message}`, {
    permanent: !isRetryable(error),
    grpcCode: code,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    cause: error,
  });
}

function isRetryable({ code, retryAfterMs }: GrpcError): boolean {
  switch (code) {
    case 'CANCELLED':
    case 'DEADLINE_EXCEEDED':
    case 'ABORTED':
    case 'OUT_OF_RANGE':
    case 'UNAVAILABLE':
    case 'DATA_LOSS':
      return true;
    case 'RESOURCE_EXHAUSTED':
      return retryAfterMs !== undefined;
    default:
      return false;
  }
}
