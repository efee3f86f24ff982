import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProtobufLogsSerializer } from '@opentelemetry/otlp-transformer';
import { InMemoryLogRecordExporter, LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs';
import { giveBody, takeBody } from '../wire/body-pool.ts';
import { Batch } from './batch.ts';
import { MalformedOtlp } from './errors.ts';
import { codecs } from './otlp/codecs.ts';

/** A request as the OpenTelemetry SDK writes it, with `count` log records whose bodies are `<label> <n>`. */
function sdkLogs(label: string, count: number): Uint8Array {
  const exporter = new InMemoryLogRecordExporter();
  const provider = new LoggerProvider({ processors: [new SimpleLogRecordProcessor({ exporter })] });
  const logger = provider.getLogger('test', '1.0');
  for (let n = 0; n < count; n++)
    logger.emit({ body: `${label} ${n}`, attributes: { n, nested: { list: [1, 'a', true] } } });
  return ProtobufLogsSerializer.serializeRequest(exporter.getFinishedLogRecords())!;
}

function bodies(batch: Batch<'logs'>): string[] {
  const { arena, logRecords } = batch.columns;
  return Array.from({ length: logRecords.rows }, (_, row) => {
    const offset = logRecords.body[2 * row]!;
    return Buffer.from(arena.subarray(offset, offset + logRecords.body[2 * row + 1]!)).toString();
  });
}

test('joins batches without copying their bytes and reads them as one', () => {
  const [a, b] = [sdkLogs('a', 2), sdkLogs('b', 3)];
  const joined = Batch.concat([Batch.fromWire('logs', a), Batch.fromWire('logs', b)]);
  assert.equal(joined.items, 5);
  assert.equal(joined.sizeBytes, a.length + b.length);
  assert.equal(joined.wire[0], a);
  assert.equal(joined.wire[1], b);
  assert.deepEqual(bodies(joined), ['a 0', 'a 1', 'b 0', 'b 1', 'b 2']);
});

test('splits into parts that keep every item once, in order', () => {
  const parts = Batch.fromWire('logs', sdkLogs('x', 7)).split(3);
  assert.deepEqual(
    parts.map((part) => part.items),
    [3, 3, 1],
  );
  const again = parts.map((part) => Batch.fromWire('logs', part.wire[0]!));
  assert.deepEqual(again.flatMap(bodies), ['x 0', 'x 1', 'x 2', 'x 3', 'x 4', 'x 5', 'x 6']);
});

test('what is written from columns reads back as the same columns', () => {
  const batch = Batch.fromWire('logs', sdkLogs('same', 4));
  const again = Batch.fromWire('logs', codecs.logs.write(batch.columns));
  assert.equal(again.items, 4);
  assert.deepEqual(bodies(again), bodies(batch));
  assert.deepEqual(codecs.logs.write(again.columns), again.wire[0]);
});

test('refuses every truncation of a message, and says where', () => {
  const message = sdkLogs('cut', 1);
  for (let length = 1; length < message.length; length++) {
    assert.throws(
      () => Batch.fromWire('logs', message.slice(0, length)),
      (error) => error instanceof MalformedOtlp && /at byte \d+$/.test(error.message),
    );
  }
});

test('an empty message is a batch of nothing', () => {
  assert.equal(Batch.fromWire('traces', new Uint8Array(0)).items, 0);
});

test('the memory of a batch that several hold is given back by the last of them, and of joined ones never', () => {
  const request = sdkLogs('shared', 300);
  const make = () => {
    const body = takeBody(request.length);
    body.set(request);
    return { body, batch: Batch.fromWire('logs', body) };
  };
  const { body, batch } = make();
  batch.share(2);
  batch.share(2);
  batch.release();
  batch.release();
  assert.equal(bodies(batch).length, 300);
  batch.release();
  assert.equal(giveBody(body), false, 'it is in the pool by now');
  const shared = make();
  shared.batch.share(2);
  const joined = Batch.concat([shared.batch, make().batch]);
  shared.batch.release();
  joined.release();
  assert.equal(bodies(joined).length, 600);
});
