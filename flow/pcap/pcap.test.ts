import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { openCaptureFile } from '../packet/capture-file.ts';
import { createCaptureClock } from '../packet/clock.ts';
import { PacketDecoder } from '../packet/decode.ts';
import { Packet } from '../packet/packet.ts';
import { addressWords } from './address.ts';
import { type KeeperOptions, PacketKeeper } from './keeper.ts';
import { type PacketQuery, searchPackets } from './search.ts';
import { listSegments } from './segments.ts';

/** Twelve packets of one connection to 127.0.0.1:23456, captured within a millisecond of 1795236650.508. */
const capture = join(import.meta.dirname, '..', 'packet', 'captures', 'dumpcap.pcapng');
const root = mkdtempSync(join(tmpdir(), 'otelcol-pcap-'));
after(() => rmSync(root, { recursive: true, force: true }));

const all: PacketQuery = {
  ends: [{}, {}],
  fromMs: 1_795_236_650_000,
  // The segments' own times are those of this test, which come later.
  toMs: Date.now() * 10,
  maxBytes: 1 << 20,
};

async function keep(directory: string, options: Partial<KeeperOptions> = {}, rounds = 1): Promise<number> {
  const clock = createCaptureClock(1_795_236_650);
  const keeper = new PacketKeeper({
    directory,
    maxBytes: 1 << 30,
    maxFlowBytes: 1 << 20,
    clock,
    writer: 0,
    isOwn: () => true,
    pointName: () => 'lo',
    onError: (error) => assert.fail(error),
    ...options,
  });
  const decoder = new PacketDecoder();
  const packet = new Packet();
  let kept = 0;
  for (let round = 0; round < rounds; round++) {
    const file = await openCaptureFile(capture, { clock });
    while (await file.fill()) {
      while (file.next(packet)) {
        const { bytes, start } = packet;
        assert.ok(decoder.decode(packet, file.linkType));
        if (keeper.keep(packet, file.linkType, bytes, start)) kept++;
      }
    }
    await file.close();
    keeper.flush();
  }
  keeper.close();
  return kept;
}

async function search(
  directory: string,
  query: PacketQuery,
): Promise<{ frames: number; bytes: number; times: number[] }> {
  const pieces: Uint8Array[] = [];
  for await (const piece of searchPackets(directory, query)) pieces.push(piece);
  if (pieces.length === 0) return { frames: 0, bytes: 0, times: [] };
  const path = join(root, 'answer.pcapng');
  writeFileSync(path, Buffer.concat(pieces));
  const file = await openCaptureFile(path, { clock: createCaptureClock(1_795_236_650) });
  const packet = new Packet();
  const times: number[] = [];
  let bytes = 0;
  while (await file.fill()) {
    while (file.next(packet)) {
      times.push(packet.timeNs);
      bytes += packet.capturedLength;
    }
  }
  await file.close();
  assert.equal(file.problem, undefined);
  return { frames: file.frames, bytes, times };
}

function directoryOf(t: TestContext): string {
  return join(root, t.name.replaceAll(/\W+/g, '-').slice(0, 40));
}

test('kept packets are found by address, port, protocol and time, as they were captured', async (t) => {
  const directory = directoryOf(t);
  assert.equal(await keep(directory), 12);
  const whole = await search(directory, all);
  assert.deepEqual([whole.frames, whole.bytes], [12, 74 + 74 + 66 * 3 + 98 * 4 + 206 * 3]);
  assert.deepEqual([whole.times[0], whole.times.at(-1)], [508_343_157, 508_964_422]);

  const localhost = addressWords('127.0.0.1');
  const cases: [string, Partial<PacketQuery>, number][] = [
    ['port of one end', { ends: [{}, { port: 23456 }] }, 12],
    ['ends the other way round', { ends: [{ address: localhost, port: 23456 }, { address: localhost }] }, 12],
    ['another port', { ends: [{}, { port: 23457 }] }, 0],
    ['another address', { ends: [{ address: addressWords('10.0.0.1') }, {}] }, 0],
    ['protocol', { protocol: 6 }, 12],
    ['another protocol', { protocol: 17 }, 0],
    ['from the seventh packet on', { fromMs: 1_795_236_650_508.807 }, 6],
    ['after', { fromMs: 1_795_236_651_000 }, 0],
    ['few bytes', { maxBytes: 300 }, 2],
  ];
  for (const [name, part, frames] of cases) {
    assert.equal((await search(directory, { ...all, ...part })).frames, frames, name);
  }
});

test('of a connection and direction so much is kept, and again after its next SYN', async (t) => {
  const directory = directoryOf(t);
  const kept = await keep(directory, { maxFlowBytes: 250 }, 2);
  assert.equal(kept, 2 * (await keep(`${directory}-2`, { maxFlowBytes: 250 })));
  assert.ok(kept >= 8 && kept < 24, `${kept}`);
});

test('the oldest segments go when the space is used up', async (t) => {
  const directory = directoryOf(t);
  for (let round = 0; round < 6; round++) await keep(directory, { maxBytes: (1 << 20) + 4000 });
  const segments = listSegments(directory);
  assert.ok(segments.length >= 2 && segments.length < 6, readdirSync(directory).join());
  assert.equal((await search(directory, all)).frames, 12 * segments.length);
});

test('a file that is still written to, and one that is none, do not stop a search', async (t) => {
  const directory = directoryOf(t);
  await keep(directory);
  const [segment] = listSegments(directory);
  writeFileSync(join(directory, `packets-${segment!.startMs + 1}-0.pcapng`), 'half');
  assert.equal((await search(directory, all)).frames, 12);
});

test('texts of addresses become words', () => {
  assert.deepEqual(addressWords('10.1.2.255'), [0, 0, 0xffff, 0x0a0102ff]);
  assert.deepEqual(addressWords('2001:db8::1:2'), [0x20010db8, 0, 0, 0x00010002]);
  assert.deepEqual(addressWords('::'), [0, 0, 0, 0]);
  assert.deepEqual(addressWords('fe80::1%eth0'), [0xfe800000, 0, 0, 1]);
  assert.deepEqual(addressWords('::ffff:10.1.2.3'), [0, 0, 0xffff, 0x0a010203]);
  assert.equal(addressWords('localhost'), undefined);
});
