/** Hands request messages to the pipeline and turns what goes wrong into the status that the sender is told. */
import type { Consumers } from '../../component/consumer.ts';
import type { Context } from '../../component/define.ts';
import { ConsumeError } from '../../component/errors.ts';
import { receiverCounters } from '../../component/obs.ts';
import { Batch, type Signal } from '../../pdata/batch.ts';
import { MalformedOtlp } from '../../pdata/errors.ts';
import { GrpcError } from '../../wire/grpc/status.ts';

/**
 * Takes one `Export*ServiceRequest`, whose bytes it owns from then on. Resolves once the next consumer has the data; only
 * then may the request be answered. Rejects with a GrpcError.
 */
export type Intake = (message: Uint8Array) => Promise<void>;

/** The intake of a signal; undefined when no pipeline uses that signal. `transport` labels the counters. */
export function createIntake(
  context: Pick<Context<unknown>, 'id' | 'meter'>,
  next: Consumers,
  signal: Signal,
  transport: 'grpc' | 'http',
): Intake | undefined {
  const consume = next[signal];
  if (!consume) return undefined;
  const { accepted, refused, failed } = receiverCounters(context, signal, transport);
  const requests = (outcome: string) =>
    context.meter.counter('receiver_requests', 'Number of requests by how they ended.', {
      receiver: context.id,
      transport,
      outcome,
    });
  const succeeded = requests('success');
  const turnedAway = requests('refused');
  const broken = requests('failure');

  return async (message) => {
    let batch: Batch;
    try {
      batch = Batch.fromWire(signal, message);
    } catch (error) {
      broken.add(1);
      throw unreadable(error);
    }
    if (batch.items > 0) {
      try {
        await consume(batch);
      } catch (error) {
        const ours = !(error instanceof ConsumeError);
        (ours ? failed : refused).add(batch.items);
        (ours ? broken : turnedAway).add(1);
        throw statusOf(error);
      }
      accepted.add(batch.items);
    }
    succeeded.add(1);
  };
}

/** The status for bytes that are not OTLP; other errors pass. */
export function unreadable(error: unknown): unknown {
  return error instanceof MalformedOtlp ? new GrpcError('INVALID_ARGUMENT', error.message, { cause: error }) : error;
}

/** A status that came with the error passes through; without one the sender may retry unless the error is permanent. */
export function statusOf(error: unknown): GrpcError {
  const message = String((error as Error)?.message ?? error);
  if (!(error instanceof ConsumeError)) return new GrpcError('UNAVAILABLE', message, { cause: error });
  const code = error.grpcCode ?? (error.permanent ? 'INTERNAL' : 'UNAVAILABLE');
  return new GrpcError(code, message, { retryAfterMs: error.retryAfterMs, cause: error });
}
