import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { openCaptureFile } from '../../flow/packet/capture-file.ts';
import { PacketDecoder } from '../../flow/packet/decode.ts';
import { Packet } from '../../flow/packet/packet.ts';
import { DuplicateFilter } from './duplicates.ts';

const capture = join(import.meta.dirname, '..', '..', 'flow', 'packet', 'captures', 'dumpcap.pcapng');

/** How many of twelve packets are found to be duplicates when all come again `laterNs` later, after a change. */
async function duplicates(laterNs: number, change: (packet: Packet) => void = () => {}): Promise<number[]> {
  const filter = new DuplicateFilter(10e6);
  const decoder = new PacketDecoder();
  const packet = new Packet();
  const found: number[] = [];
  for (const round of [0, 1]) {
    const file = await openCaptureFile(capture);
    let count = 0;
    while (await file.fill()) {
      while (file.next(packet)) {
        packet.point = 0;
        packet.timeNs += round * laterNs;
        if (round === 1) change(packet);
        assert.ok(decoder.decode(packet, file.linkType));
        if (filter.seen(packet)) count++;
      }
    }
    await file.close();
    found.push(count);
  }
  return found;
}

test('a packet that comes twice at one point within the window is seen twice', async () => {
  assert.deepEqual(await duplicates(2e6), [0, 12]);
});

test('what comes later, at another point, or differs is none', async () => {
  assert.deepEqual(await duplicates(20e6), [0, 0]);
  const cases: [string, (packet: Packet) => void][] = [
    ['point', (packet) => (packet.point = 1)],
    ['IP id', (packet) => packet.bytes[packet.start + 19]!++],
    ['sequence number', (packet) => packet.bytes[packet.start + 41]!++],
    ['TCP timestamp', (packet) => packet.bytes[packet.start + 61]!++],
  ];
  for (const [name, change] of cases) assert.deepEqual(await duplicates(2e6, change), [0, 0], name);
});

test('another hop of the same packet, with a lower TTL, is a duplicate', async () => {
  assert.deepEqual(await duplicates(1e6, (packet) => packet.bytes[packet.start + 22]!--), [0, 12]);
});
