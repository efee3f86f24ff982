/** What the batch processor counts, under the upstream Collector's names. */

import type { Context } from '../../component/define.ts';
import { itemNames, type Signal } from '../../pdata/batch.ts';

const itemBoundaries = [
  10, 25, 50, 75, 100, 250, 500, 750, 1000, 2000, 4000, 6000, 8000, 10_000, 20_000, 50_000, 100_000,
];
const byteBoundaries = [1000, 5000, 10_000, 50_000, 100_000, 500_000, 1_000_000, 2_000_000, 5_000_000, 10_000_000];

export function batchInstruments({ id, meter }: Pick<Context<unknown>, 'id' | 'meter'>, signal: Signal) {
  const labels = { processor: id };
  const name = (rest: string) => `processor_batch_${rest}`;
  return {
    items: meter.histogram(name('batch_send_size'), 'Number of units in the batch.', itemBoundaries, labels),
    bytes: meter.histogram(name('batch_send_size_bytes'), 'Number of bytes in the batch.', byteBoundaries, labels),
    sizeTrigger: meter.counter(name('batch_size_trigger_send'), 'Times a batch was sent for its size.', labels),
    timeoutTrigger: meter.counter(name('timeout_trigger_send'), 'Times a batch was sent for its age.', labels),
    dropped: meter.counter(
      name(`dropped_${itemNames[signal]}`),
      'Items dropped because the next consumer can never take them, or not before the end.',
      labels,
    ),
  };
}
