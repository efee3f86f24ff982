import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventDirection, eventKind, fileEvent, event as layout } from '../../../bpf/programs/event.gen.ts';
import { EventReader } from '../../../bpf/programs/event.ts';
import { createCaptureClock } from '../../../flow/packet/clock.ts';
import { readLogs } from '../testing/tcp-events.ts';
import { FileRecords } from './records.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanId = 'b7ad6b7169203331';
const owner = { key: 'a', serviceName: 'shop', resource: () => new Uint8Array(0) };

/** A record as the program writes it: a read of 4,096 bytes at 8 GiB that took 2.5 ms, for the call with trace id 77. */
function record(path: string): EventReader {
  const name = Buffer.from(path);
  const bytes = new Uint8Array(layout.size + fileEvent.size + name.length);
  const view = new DataView(bytes.buffer);
  const wide = (at: number, value: number) => view.setBigUint64(at, BigInt(value), true);
  wide(layout.timeNs, 5_002_500_000);
  wide(layout.beginNs, 5_000_000_000);
  wide(layout.traceId, 77);
  wide(layout.goroutine, 9);
  view.setUint32(layout.pid, 100, true);
  view.setUint32(layout.tid, 101, true);
  view.setUint32(layout.length, 4096, true);
  view.setUint32(layout.captured, bytes.length - layout.size, true);
  view.setUint8(layout.kind, eventKind.file);
  view.setUint8(layout.direction, eventDirection.in);
  wide(layout.size + fileEvent.inode, 2 ** 40);
  wide(layout.size + fileEvent.offset, 2 ** 33);
  view.setUint32(layout.size + fileEvent.deviceMajor, 254, true);
  view.setUint32(layout.size + fileEvent.deviceMinor, 1, true);
  view.setUint32(layout.size + fileEvent.pathLength, name.length, true);
  bytes.set(name, layout.size + fileEvent.size);
  const reader = new EventReader(bytes);
  reader.at(0);
  return reader;
}

function records(change: Partial<ConstructorParameters<typeof FileRecords>[0]> = {}) {
  return new FileRecords({
    clock: createCaptureClock(1_700_000_000),
    version: '1',
    maxPendingBytes: 1 << 20,
    timeOf: (ns) => ns,
    processOf: () => owner,
    ...change,
  });
}

test('a read is told with its file, its time, and the call that waited for it', () => {
  const asked: number[] = [];
  const table = records({
    callOf(event) {
      asked.push(event.traceId, event.tid);
      return { traceId, spanId };
    },
  });
  table.event(record('/srv/data/ä.db'));
  assert.deepEqual(asked, [77, 101]);
  const [log] = readLogs(table.drain());
  assert.equal(log!.event, 'deepflow.file_io');
  assert.equal(log!.timeNs, 1_700_000_005_002_500_000n);
  assert.deepEqual([log!.traceId, log!.spanId], [traceId, spanId]);
  assert.deepEqual(log!.attributes, {
    'file.path': '/srv/data/ä.db',
    'file.name': 'ä.db',
    'file.inode': String(2 ** 40),
    'deepflow.file.device': '254:1',
    'deepflow.file.operation': 'read',
    'deepflow.file.offset': 2 ** 33,
    'deepflow.file.size': 4096,
    'deepflow.file.duration': 2_500_000,
    'thread.id': 101,
    'deepflow.goroutine.id': 9,
    'deepflow.syscall_trace_id': 77,
  });
});

test('a write outside of any call has no span', () => {
  const table = records();
  const event = record('/var/log/x');
  event.direction = eventDirection.out;
  event.traceId = 0;
  table.event(event);
  const [log] = readLogs(table.drain());
  assert.deepEqual([log!.traceId, log!.spanId], ['', '']);
  assert.equal(log!.attributes['deepflow.file.operation'], 'write');
  assert.equal('deepflow.syscall_trace_id' in log!.attributes, false);
});

test('records that nobody takes are dropped and counted', () => {
  const table = records({ maxPendingBytes: 2000 });
  for (let i = 0; i < 100; i++) table.event(record(`/tmp/${i}`));
  const kept = readLogs(table.drain()).length;
  assert.ok(kept > 0 && kept < 20, `${kept} were kept`);
  assert.deepEqual(table.counters, { records: kept, dropped: 100 - kept });
});
