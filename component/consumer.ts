/** Consumers: how a batch is handed from one component to the next, and what its promise means. */
import type { Batch, Signal } from '../pdata/batch.ts';

/**
 * Takes over a batch. The promise resolves once the consumer is responsible for the data (it is stored, queued or with
 * the next hop) and stays pending while the consumer wants to hear no more: that pending promise IS the back-pressure,
 * so a caller never starts more work than it is willing to keep in memory.
 *
 * It rejects with a {@link ConsumeError}: `permanent` when the same data can never be accepted, otherwise the caller may
 * send it again. Whoever catches the error handles it once: returns it to its own sender, retries, or counts and drops.
 */
export type Consumer = (batch: Batch) => Promise<void>;

/** The next consumers of a receiver or connector, one for each signal that some pipeline connects it to. */
export type Consumers = Partial<Record<Signal, Consumer>>;
