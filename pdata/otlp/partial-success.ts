/** Reads `Export*ServiceResponse`: what an OTLP server says about data it took only in part. */
import { readFields } from '../../wire/grpc/status.ts';

export interface PartialSuccess {
  /** Spans, points, records or profiles that the server refused for good; 0 when the message is only a warning. */
  rejected: number;
  message: string;
}

/**
 * All four responses have one shape: field 1 `partial_success`, with 1 `rejected_*` int64 and 2 `error_message` string.
 * Returns undefined for full success, and throws when the bytes are not such a message.
 */
export function readPartialSuccess(response: Uint8Array): PartialSuccess | undefined {
  if (response.length === 0) return undefined;
  let found: PartialSuccess | undefined;
  const valid = readFields(response, (field, value) => {
    if (field !== 1 || typeof value === 'number') return;
    const partial: PartialSuccess = { rejected: 0, message: '' };
    readFields(value, (inner, innerValue) => {
      if (inner === 1 && typeof innerValue === 'number') partial.rejected = innerValue;
      if (inner === 2 && typeof innerValue !== 'number') partial.message = Buffer.from(innerValue).toString('utf8');
    });
    found = partial;
  });
  if (!valid) throw new Error(`the response of ${response.length} bytes is not an OTLP export response`);
  return found && (found.rejected > 0 || found.message !== '') ? found : undefined;
}
