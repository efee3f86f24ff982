/** The `retry_on_failure` block of exporters, with the names and defaults of the OpenTelemetry Collector. */
import { z } from 'zod';
import { duration } from './duration.ts';

const block = z.strictObject({
  enabled: z
    .boolean()
    .default(true)
    .describe('Whether a batch that could not be sent is sent again. When false, one failure drops the batch.'),
  initial_interval: duration('5s').describe(
    'Wait before the first repetition. Smaller recovers sooner from short outages but presses a struggling peer.',
  ),
  randomization_factor: z
    .number()
    .min(0)
    .max(1)
    .default(0.5)
    .describe('How far each wait may deviate, as a fraction of it, so that many senders do not repeat in step.'),
  multiplier: z.number().min(1).default(1.5).describe('Each wait is the one before times this number.'),
  max_interval: duration('30s').describe('No wait is longer than this.'),
  max_elapsed_time: duration('300s').describe(
    'A batch is dropped when it could not be sent for this long. 0s repeats forever: nothing is dropped, but the queue fills while the peer is down.',
  ),
});

export type RetryConfig = z.output<typeof block>;

/** `retry_on_failure: retryOnFailure().describe(…)` of an exporter's schema. */
export function retryOnFailure() {
  return block.prefault({}).describe('What happens to a batch that the peer did not take.');
}
