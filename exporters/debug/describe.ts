/** A batch as text: a line, a line per item, or everything in it as OTLP JSON. */
import type { Batch, Signal } from '../../pdata/batch.ts';
import { itemNames } from '../../pdata/batch.ts';
import { wireToJson } from '../../pdata/otlp/json.ts';
import { itemLines } from './items.ts';

const titles: Record<Signal, string> = { traces: 'Traces', metrics: 'Metrics', logs: 'Logs', profiles: 'Profiles' };
const words: Record<Signal, string> = {
  traces: 'spans',
  metrics: 'data points',
  logs: 'log records',
  profiles: 'samples',
};

/** Ends with a line break. The first line looks like the collector's log lines. */
export function describeBatch(
  batch: Batch,
  verbosity: 'basic' | 'normal' | 'detailed',
  id: string,
  now: () => Date = () => new Date(),
): string {
  const facts = {
    'otelcol.component.id': id,
    'otelcol.component.kind': 'exporter',
    'otelcol.signal': batch.signal,
    [words[batch.signal]]: batch.items,
    bytes: batch.sizeBytes,
  };
  const head = `${now().toISOString()}\tinfo\t${titles[batch.signal]}\t${JSON.stringify(facts)}\n`;
  switch (verbosity) {
    case 'basic':
      return head;
    case 'normal':
      return head + batch.wire.map((message) => itemLines(batch.signal, messageOf(batch, message))).join('');
    case 'detailed':
      return head + batch.wire.map((message) => `${JSON.stringify(messageOf(batch, message), null, 2)}\n`).join('');
    default:
      return verbosity satisfies never;
  }
}

function messageOf(batch: Batch, message: Uint8Array): Record<string, unknown> {
  if (batch.items === 0 && message.length === 0) return { [itemNames[batch.signal]]: [] };
  return JSON.parse(wireToJson(batch.signal, message)) as Record<string, unknown>;
}
