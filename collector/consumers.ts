/** How consumers are put together: one after all of several, and one that counts what passes. */
import type { Consumer } from '../component/consumer.ts';
import { ConsumeError, isPermanent } from '../component/errors.ts';
import type { Counter } from '../component/telemetry.ts';

/**
 * Hands each batch to all consumers at once and is done when all took it. Batches are immutable, so all get the same.
 * When one fails the sender is told, and may send again to all: permanent when one of the errors is.
 */
export function fanOut(consumers: readonly Consumer[]): Consumer {
  if (consumers.length === 1) return consumers[0]!;
  return async (batch) => {
    batch.share(consumers.length);
    const results = await Promise.allSettled(consumers.map((consume) => consume(batch)));
    const errors = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
    if (errors.length === 1) throw errors[0];
    if (errors.length > 1) throw joinErrors(errors);
  };
}

/** Counts the items handed to a consumer. */
export function counting(consume: Consumer, items: Counter): Consumer {
  return (batch) => {
    items.add(batch.items);
    return consume(batch);
  };
}

function joinErrors(errors: readonly unknown[]): ConsumeError {
  const waits = errors.map((error) => (error instanceof ConsumeError ? (error.retryAfterMs ?? 0) : 0));
  const retryAfterMs = Math.max(...waits);
  return new ConsumeError(errors.map((error) => (error as Error).message).join('; '), {
    permanent: errors.some(isPermanent),
    ...(retryAfterMs > 0 && { retryAfterMs }),
    cause: new AggregateError(errors),
  });
}
