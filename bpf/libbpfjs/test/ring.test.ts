import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type BpfError, type BpfObject, openRing, type Ring, type RingOptions } from '../src/index.ts';
import { forbidden, openFixture } from './fixture.ts';

interface Scene {
  object: BpfObject;
  ring: Ring;
  /** Runs the program that writes a record each time, and drops every seventh. */
  write(records: number): void;
}

function scene(t: TestContext, options: RingOptions = {}, wake = false): Scene {
  const object = openFixture(t);
  object.setRodata('wake', Number(wake));
  object.load();
  const ring = openRing(object.map('ring'), options);
  t.after(() => ring.close());
  const data = new Uint8Array(64);
  const write = (records: number) => void object.program('write_record').testRun({ data, repeat: records });
  return { object, ring, write };
}

/** Reads what is claimed and checks every byte that tells something; gives the number behind the last record's. */
function check(ring: Ring, count: number, next: number): number {
  const view = new DataView(ring.data.buffer);
  for (let i = 0; i < count; i++) {
    if (next % 7 === 6) next++;
    const at = ring.offsets[i]!;
    const length = ring.lengths[i]!;
    const number = view.getUint32(at, true);
    // One comparison a record: assertions for each would take most of the test's time.
    const right =
      number === next &&
      length === (number % 2 === 1 ? 256 : 16) &&
      view.getUint32(at + 8, true) === Math.imul(number, 2_654_435_761) >>> 0 &&
      view.getUint32(at + length - 4, true) === number;
    if (!right) assert.fail(`record ${i} of ${count} at ${at}: number ${number} instead of ${next}, ${length} bytes`);
    next++;
  }
  return next;
}

/** A signal to this process ends a row of runs early, which these tests do not mind. */
function writeSome(write: () => void): void {
  try {
    write();
  } catch (error) {
    if ((error as BpfError).code !== 'EINTR') throw error;
  }
}

const ways: readonly [string, RingOptions][] = [
  ['', {}],
  [', copied', { copy: true }],
  [', of which little is mapped twice', { maxRecordBytes: 256 }],
];
for (const [way, options] of ways) {
  test(`reads two million records around and around the ring${way}`, { skip: forbidden }, (t) => {
    const { ring, write } = scene(t, options);
    const { copy = false, maxRecordBytes = ring.sizeBytes } = options;
    assert.equal(ring.zeroCopy, !copy);
    const pageBytes = 4096;
    const again = Math.min(Math.ceil((maxRecordBytes + 8) / pageBytes) * pageBytes, ring.sizeBytes);
    assert.equal(ring.data.length, copy ? ring.sizeBytes : ring.sizeBytes + again);
    let next = 0;
    let read = 0;
    // 300 records take at most 41 KiB of the ring's 64, so it wraps every second round.
    for (let round = 0; read < (copy ? 200_000 : 2_000_000); round++) {
      writeSome(() => write(250 + (round % 50)));
      const count = ring.claim();
      read += count;
      next = check(ring, count, next);
      ring.release();
      if (ring.waitingBytes > 264) assert.fail(`${ring.waitingBytes} bytes are left`);
    }
  });
}

test('what was claimed stays until it is released', { skip: forbidden }, (t) => {
  const { ring, write } = scene(t);
  write(5);
  const waiting = ring.waitingBytes;
  assert.equal(waiting, 3 * 24 + 2 * 264);
  assert.equal(ring.claim(), 5);
  write(1);
  assert.equal(ring.claim(), 6);
  check(ring, 6, 0);
  ring.release();
  assert.equal(ring.waitingBytes, 0);
  assert.equal(ring.claim(), 0);
  ring.release();
});

test('a claim is bounded by records and by bytes', { skip: forbidden }, (t) => {
  const { ring, write } = scene(t, { maxRecords: 4 });
  write(10);
  assert.equal(ring.claim(), 4);
  assert.equal(ring.claim(1), 1);
  assert.equal(ring.claim(25), 2);
  ring.release();
  assert.equal(ring.claim(), 4);
  assert.equal(check(ring, 4, 2), 6);
});

test('records that were discarded vanish even when nothing else is there', { skip: forbidden }, (t) => {
  const { ring, write } = scene(t);
  write(6);
  assert.equal(ring.claim(), 6);
  ring.release();
  write(1);
  assert.ok(ring.waitingBytes > 0);
  assert.equal(ring.claim(), 0);
  assert.equal(ring.waitingBytes, 0);
});

test('a full ring refuses records and goes on when there is room', { skip: forbidden }, (t) => {
  const { ring, write } = scene(t);
  write(2000);
  const count = ring.claim();
  // 144 bytes of the ring's 65,536 on the average, and six of seven are shown.
  assert.ok(count > 380 && count < 400, `${count}`);
  assert.ok(ring.waitingBytes <= ring.sizeBytes);
  // At the very end short ones still find room where long ones do not.
  check(ring, 380, 0);
  ring.release();
  write(1);
  assert.equal(ring.claim(), 1);
  assert.equal(new DataView(ring.data.buffer).getUint32(ring.offsets[0]!, true), 2000);
});

test('a wake-up calls back once, also when records are left where they are', { skip: forbidden }, async (t) => {
  const { ring, write } = scene(t, {}, true);
  let calls = 0;
  ring.onReadable(() => calls++);
  await sleep(30);
  assert.equal(calls, 0);
  write(3);
  await sleep(30);
  assert.equal(calls, 1);
  assert.equal(ring.claim(), 3);
  write(1);
  await sleep(30);
  assert.equal(calls, 2);
  assert.throws(() => ring.onReadable(() => {}), { code: 'EBUSY' });
});

test('records that waited before anybody watched are told of; silent ones are not', { skip: forbidden }, async (t) => {
  const { ring, write } = scene(t);
  write(2);
  let calls = 0;
  ring.onReadable(() => calls++);
  await sleep(30);
  assert.equal(calls, 1);
  ring.claim();
  ring.release();
  write(2);
  await sleep(30);
  assert.equal(calls, 1);
});

test('a closed ring is empty, and closes twice', { skip: forbidden }, (t) => {
  const { ring, write } = scene(t);
  write(2);
  ring.close();
  ring.close();
  assert.equal(ring.data.length, 0);
  assert.equal(ring.claim(), 0);
  assert.equal(ring.waitingBytes, 0);
  ring.release();
});

test('a ring outlives the object of its map', { skip: forbidden }, (t) => {
  const { object, ring, write } = scene(t);
  write(2);
  object.close();
  assert.equal(ring.claim(), 2);
  check(ring, 2, 0);
});

test('data keep their ring', { skip: forbidden }, async (t) => {
  const object = openFixture(t);
  object.load();
  object.program('write_record').testRun({ data: new Uint8Array(64), repeat: 1 });
  const { data } = openRing(object.map('ring'));
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  for (let i = 0; i < 5; i++) {
    collect();
    await sleep(5);
  }
  assert.equal(data.length, 2 * 65_536);
  // The header's length.
  assert.equal(data[0], 16);
});

test('only a map of type ringbuf has a ring', { skip: forbidden }, (t) => {
  const object = openFixture(t);
  object.load();
  assert.throws(() => openRing(object.map('table')), { code: 'EINVAL', message: /it is of type hash/ });
});
