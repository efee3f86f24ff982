/**
 * What a record costs from the ring to numbers in JavaScript: `node test/decode-bench.ts`, as root. Programs run by
 * BPF_PROG_TEST_RUN fill the ring; only claiming, decoding and releasing is timed, as CPU time of this process.
 */
import { event } from '../../programs/event.gen.ts';
import { openObject, openRing } from '../src/index.ts';
import { fixturePath } from './fixture.ts';

const rounds = 7;
const recordsPerRound = 400_000;

const object = openObject(fixturePath());
object.setAutoload('refused', false);
object.setExpectedAttachType('on_multi', 'uprobe_multi');
object.setMaxEntries('ring', 64 * 1024 * 1024);
object.load();
const program = object.program('write_event');
const data = new Uint8Array(64);

for (const copy of [false, true]) {
  const ring = openRing(object.map('ring'), { copy });
  let best = Number.POSITIVE_INFINITY;
  let sum = 0;
  for (let round = 0; round < rounds; round++) {
    let records = 0;
    let cpuUs = 0;
    while (records < recordsPerRound) {
      program.testRun({ data, repeat: 100_000 });
      const before = process.cpuUsage();
      const words = new Uint32Array(ring.data.buffer);
      const bytes = ring.data;
      for (let count = ring.claim(); count > 0; count = ring.claim()) {
        for (let i = 0; i < count; i++) sum = (sum + decode(words, bytes, ring.offsets[i]!)) | 0;
        records += count;
        ring.release();
      }
      const used = process.cpuUsage(before);
      cpuUs += used.user + used.system;
    }
    best = Math.min(best, (cpuUs * 1000) / records);
  }
  ring.close();
  console.log(`${copy ? 'copied' : 'zero copy'}: ${best.toFixed(1)} ns a record of ${event.size + 256} bytes (${sum})`);
}
object.close();

/** Reads the fields that every event is sorted and routed by. */
function decode(words: Uint32Array, bytes: Uint8Array, at: number): number {
  const word = at >>> 2;
  let sum = words[word + (event.timeNs >>> 2)]! + words[word + (event.timeNs >>> 2) + 1]!;
  sum += words[word + (event.beginNs >>> 2)]! + words[word + (event.beginNs >>> 2) + 1]!;
  sum += words[word + (event.socket >>> 2)]! + words[word + (event.socket >>> 2) + 1]!;
  sum += words[word + (event.traceId >>> 2)]! + words[word + (event.traceId >>> 2) + 1]!;
  sum += words[word + (event.pid >>> 2)]! + words[word + (event.tid >>> 2)]! + words[word + (event.sequence >>> 2)]!;
  sum += words[word + (event.length >>> 2)]! + words[word + (event.captured >>> 2)]!;
  sum += bytes[at + event.kind]! + bytes[at + event.source]! + bytes[at + event.direction]! + bytes[at + event.flags]!;
  return sum;
}
