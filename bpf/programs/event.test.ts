import assert from 'node:assert/strict';
import { test } from 'node:test';
import { event, eventKind, fileEvent } from './event.gen.ts';
import { EventReader } from './event.ts';

/** A record at offset 16 of 4 KiB, every field of which has a number of its own. */
function record(payload: string, kind: number = eventKind.data): Uint8Array {
  const bytes = new Uint8Array(4096);
  const view = new DataView(bytes.buffer, 16);
  view.setBigUint64(event.timeNs, 8_999_999_999_999_999n, true);
  view.setBigUint64(event.beginNs, 4_294_967_297n, true);
  view.setBigUint64(event.socket, 0xffff_8881_2345_6789n, true);
  view.setBigUint64(event.traceId, 3_764_909_860_978_694n, true);
  view.setBigUint64(event.goroutine, 5n, true);
  view.setBigUint64(event.parentGoroutine, 6n, true);
  view.setBigUint64(event.coroutine, 0x7f12_3456_789an, true);
  view.setBigUint64(event.cgroup, 8n, true);
  const words = {
    pid: 9,
    tid: 10,
    netns: 4_026_531_833,
    sequence: 4_294_967_295,
    length: 12,
    otherSequence: 14,
    dropped: 15,
  };
  for (const [name, value] of Object.entries(words)) view.setUint32(event[name as keyof typeof words], value, true);
  view.setUint32(event.captured, payload.length, true);
  const small = { source: 17, direction: 1, role: 2, family: 6, transport: 21, flags: 255 };
  for (const [name, value] of Object.entries(small)) view.setUint8(event[name as keyof typeof small], value);
  view.setUint8(event.kind, kind);
  view.setUint16(event.localPort, 65_535, true);
  view.setUint16(event.remotePort, 24, true);
  view.setUint16(event.syscall, 307, true);
  bytes[16 + event.local] = 26;
  bytes[16 + event.remote] = 27;
  bytes.set(Buffer.from(payload, 'latin1'), 16 + event.size);
  return bytes;
}

test('every field is a plain number, unsigned and exact', () => {
  const reader = new EventReader(record('payload'));
  reader.at(16);
  const { bytes, view, ...fields } = reader;
  assert.deepEqual(fields, {
    ...{ kind: 1, source: 17, direction: 1, role: 2, family: 6, transport: 21, flags: 255 },
    ...{ timeNs: 8_999_999_999_999_999, beginNs: 4_294_967_297, socket: 0x8881_2345_6789 },
    ...{ traceId: 3_764_909_860_978_694, goroutine: 5, parentGoroutine: 6, coroutine: 0x7f12_3456_789a, cgroup: 8 },
    ...{ pid: 9, tid: 10, netns: 4_026_531_833, sequence: 4_294_967_295, otherSequence: 14, dropped: 15, length: 12 },
    ...{ captured: 7, syscall: 307, localPort: 65_535, remotePort: 24 },
    ...{ localAt: 16 + event.local, remoteAt: 16 + event.remote, payloadAt: 16 + event.size },
  });
  assert.equal(bytes[reader.localAt], 26);
  assert.equal(bytes[reader.remoteAt], 27);
  assert.equal(view.byteLength, bytes.length);
  assert.equal(Buffer.from(reader.payload()).toString(), 'payload');
});

test('the payload is a copy', () => {
  const bytes = record('payload');
  const reader = new EventReader(bytes);
  reader.at(16);
  const kept = reader.payload();
  bytes.fill(0);
  assert.equal(Buffer.from(kept).toString(), 'payload');
});

test('an access to a file has its path, which does not reach beyond the record', () => {
  const header = Buffer.alloc(fileEvent.size);
  header.writeBigUInt64LE(77n, fileEvent.inode);
  header.writeBigUInt64LE(5_000_000_000n, fileEvent.offset);
  header.writeUInt32LE(254, fileEvent.deviceMajor);
  header.writeUInt32LE(3, fileEvent.deviceMinor);
  header.writeUInt32LE(4000, fileEvent.pathLength);
  const reader = new EventReader(record(`${header.toString('latin1')}/etc/hosts`, eventKind.file));
  reader.at(16);
  const expected = { path: '/etc/hosts', inode: 77, offset: 5_000_000_000, deviceMajor: 254, deviceMinor: 3 };
  assert.deepEqual(reader.file(), expected);
  assert.throws(() => {
    const short = new EventReader(record('short', eventKind.file));
    short.at(16);
    short.file();
  }, RangeError);
});
