/** Streams cut, repeated, reordered and lost at random, and packets of pure noise: what is delivered stays true, memory stays bounded. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StreamConsumer } from './consumer.ts';
import { DelayBook, delayNumbers } from './delays.ts';
import { FlowCursor, FlowRows } from './row.ts';
import { client, ipv4, server, tcp, testTable } from './testing/packets.ts';

/** Numbers below `limit`, the same for the same seed (mulberry32). */
function createDice(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b_79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

/** Checks every byte of the client against the text it must come from. */
function checking(text: string): StreamConsumer & { position: number; gapBytes: number; finished: boolean } {
  return {
    position: 0,
    gapBytes: 0,
    finished: false,
    data(side, bytes, start, end) {
      if (side === 1) return true;
      const got = Buffer.from(bytes.subarray(start, end)).toString();
      assert.equal(got, text.slice(this.position, this.position + got.length), `at ${this.position}`);
      assert.ok(!this.finished);
      this.position += got.length;
      return true;
    },
    gap(side, length) {
      assert.ok(length > 0);
      if (side === 1) return;
      this.position += length;
      this.gapBytes += length;
    },
    finish() {
      this.finished = true;
    },
    close() {},
  };
}

test('whatever happens to the segments of a stream, each byte delivered is the right one in its place', () => {
  for (let seed = 1; seed <= 300; seed++) {
    const dice = createDice(seed);
    const text = Array.from({ length: 400 + dice(400) }, (_, index) =>
      String.fromCharCode(97 + ((index * 7) % 26)),
    ).join('');
    const first = dice(2) === 0 ? 1000 : (0xffff_ffff - dice(600)) >>> 0;
    const consumer = checking(text);
    const table = testTable({ connect: () => consumer });
    table.packet(tcp(0, client, server, 'S', (first - 1) >>> 0));
    table.packet(tcp(1, server, client, 'SA', 5000, first));
    const segments: [from: number, length: number][] = [];
    for (let from = 0; from < text.length; ) {
      const length = Math.min(1 + dice(40), text.length - from);
      if (dice(20) !== 0) segments.push([from, length]);
      while (dice(5) === 0) {
        const again = dice(from + 1);
        segments.push([again, Math.min(1 + dice(60), text.length - again)]);
      }
      from += length;
    }
    for (let swap = 0; swap < segments.length; swap++) {
      const other = Math.min(segments.length - 1, swap + dice(4));
      [segments[swap], segments[other]] = [segments[other]!, segments[swap]!];
    }
    for (const [index, [from, length]] of segments.entries()) {
      const captured = dice(15) === 0 ? dice(length) : length;
      const payload = text.slice(from, from + length);
      table.packet(tcp(2 + index, client, server, 'PA', (first + from) >>> 0, 5001, { payload, captured }));
      if (dice(8) === 0) {
        table.packet(tcp(2 + index, server, client, 'A', 5001, (first + dice(text.length)) >>> 0));
      }
    }
    table.packet(tcp(1000, client, server, 'FA', (first + text.length) >>> 0, 5001));
    table.packet(tcp(1001, server, client, 'A', 5001, (first + text.length + 1) >>> 0));
    table.close();
    assert.equal(consumer.position, text.length, `seed ${seed}: the whole stream is accounted for`);
    assert.ok(consumer.finished, `seed ${seed}: and finished`);
    assert.equal(table.payloads.budget.bytes, 0);
    assert.equal(table.payloads.gapBytes, consumer.gapBytes);
  }
});

test('noise: random flags, numbers, lengths and times end nothing but flows', () => {
  const dice = createDice(99);
  const ends = Array.from({ length: 12 }, (_, index) => ipv4(`10.0.0.${1 + (index % 4)}`, 1000 + index));
  const limit = 1 << 16;
  let delivered = 0;
  const table = testTable({
    maxFlows: 20,
    reassembly: { maxBytes: 4096, maxSegments: 8, maxWaitNs: 1e9 },
    reassemblyBudgetBytes: limit,
    connect: (flow) => {
      if (dice(10) === 0) flow.reverse();
      return dice(10) === 0
        ? null
        : {
            data: (_side, bytes, start, end) => {
              assert.ok(start >= 0 && start < end && end <= bytes.length);
              delivered += end - start;
              if (dice(50) === 0) flow.reverse();
              return dice(100) !== 0;
            },
            gap: (_side, length) => assert.ok(length > 0),
            finish: () => {},
            close: () => {},
          };
    },
  });
  let ms = 0;
  for (let count = 0; count < 200_000; count++) {
    ms += dice(200) - (dice(20) === 0 ? 1000 : 0);
    const from = ends[dice(ends.length)]!;
    const to = ends[dice(ends.length)]!;
    const flags = ['S', 'SA', 'A', 'PA', 'FA', 'R', 'RA', 'SF', '', 'P', 'FPA'][dice(11)]!;
    const near = dice(3) === 0 ? dice(0xffff_ffff) : 5000 + dice(500);
    const length = dice(4) === 0 ? dice(200) : 0;
    const extra = { payload: length, captured: dice(length + 1), window: dice(3) };
    table.packet(tcp(Math.max(0, ms), from, to, flags, near, dice(2) === 0 ? near : 5000 + dice(500), extra));
    assert.ok(table.size <= 20);
    assert.ok(table.payloads.budget.bytes >= 0 && table.payloads.budget.bytes <= limit + 500);
    if (count % 1000 === 0) table.drain();
  }
  assert.ok(delivered > 10_000);
  table.close();
  assert.equal(table.size, 0);
  assert.equal(table.payloads.budget.bytes, 0);
});

test('flows whose payload is read, and sides with holes, stay few: the rest is still counted', () => {
  const table = testTable({ maxConversations: 100, connect: () => checking('') });
  for (let count = 0; count < 1000; count++) {
    table.packet(tcp(count / 10, ipv4('10.9.0.1', 2000 + count), server, 'PA', 100, 1, { payload: 0 }));
    table.packet(tcp(count / 10, server, ipv4('10.9.0.1', 2000 + count), 'PA', 100, 1, { payload: 5 }));
  }
  assert.equal(table.payloads.refused, 900);
  table.close();
  table.packet(tcp(1000, server, client, 'PA', 100, 1, { payload: 5 }));
  assert.equal(table.payloads.refused, 900, 'there is room again');
});

test('a histogram that was merged with nothing before is counted from its first two values', () => {
  const book = new DelayBook();
  const rows = new FlowRows();
  const flow = new FlowCursor();
  for (let round = 0; round < 3; round++) {
    rows.take(flow);
    book.add(flow, delayNumbers.art, 1e6);
    assert.equal(book.histogram(flow.row, delayNumbers.art), undefined);
    book.add(flow, delayNumbers.art, 3e6);
    const { counts, length } = book.histogram(flow.row, delayNumbers.art)!;
    assert.equal(
      counts.slice(0, length).reduce((sum, count) => sum + count),
      2,
    );
    book.resetAll(flow);
    assert.equal(book.histogram(flow.row, delayNumbers.art), undefined);
    book.drop(flow.row);
    rows.release(flow);
  }
});
