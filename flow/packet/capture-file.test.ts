import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { type CaptureFileOptions, openCaptureFile } from './capture-file.ts';
import { CaptureFileError } from './capture-file-window.ts';
import { PacketBlockWriter, writePcapngHeader } from './capture-file-writer.ts';
import { createCaptureClock } from './clock.ts';
import { Packet } from './packet.ts';

const directory = mkdtempSync(join(tmpdir(), 'otelcol-capture-'));
after(() => rmSync(directory, { recursive: true, force: true }));

const captures = join(import.meta.dirname, 'captures');
const tcpdump = readFileSync(join(captures, 'tcpdump.pcap'));
const dumpcap = readFileSync(join(captures, 'dumpcap.pcapng'));

/** Lengths of the twelve packets, and times of first and last in nanoseconds after 1795236650 s, as tshark prints them. */
const lengths = [74, 74, 66, 98, 66, 206, 66, 98, 206, 98, 206, 98];
const times = { tcpdump: [508342000, 508964000], dumpcap: [508343157, 508964422] };

interface Read {
  lengths: number[];
  times: number[];
  frames: number;
  linkType: number;
  epoch: bigint | undefined;
  problem: string | undefined;
  /** Sum of all captured bytes. */
  sum: number;
}

async function read(bytes: Uint8Array, options: CaptureFileOptions = {}): Promise<Read> {
  const path = join(directory, 'capture');
  writeFileSync(path, bytes);
  const file = await openCaptureFile(path, options);
  const packet = new Packet();
  const result: Read = {
    lengths: [],
    times: [],
    frames: 0,
    linkType: -1,
    epoch: undefined,
    problem: undefined,
    sum: 0,
  };
  while (await file.fill()) {
    while (file.next(packet)) {
      result.lengths.push(packet.wireLength);
      result.times.push(packet.timeNs);
      for (let at = packet.start; at < packet.start + packet.capturedLength; at++) result.sum += packet.bytes[at]!;
      result.linkType = file.linkType;
      assert.equal(packet.frame, result.lengths.length);
    }
  }
  await file.close();
  return { ...result, frames: file.frames, epoch: file.clock?.epochUnixNs, problem: file.problem };
}

const writers: [string, Buffer, number[]][] = [
  ['tcpdump', tcpdump, times.tcpdump],
  ['dumpcap', dumpcap, times.dumpcap],
];
for (const [name, bytes, [first, last]] of writers) {
  test(`reads what ${name} wrote, plain and packed, in blocks of any size`, async () => {
    const plain = await read(bytes);
    assert.deepEqual(plain.lengths, lengths);
    assert.equal(plain.problem, undefined);
    assert.equal(plain.linkType, 1);
    assert.equal(plain.epoch, 1795236650n * 1_000_000_000n);
    assert.equal(plain.times[0], first);
    assert.equal(plain.times.at(-1), last);
    assert.deepEqual(await read(gzipSync(bytes)), plain);
    assert.deepEqual(
      await read(Buffer.concat([gzipSync(bytes.subarray(0, 500)), gzipSync(bytes.subarray(500))])),
      plain,
    );
    assert.deepEqual(await read(zstdCompressSync(bytes)), plain);
    const long = Buffer.concat([bytes, ...Array.from({ length: 50 }, () => recordsOf(bytes))]);
    assert.equal((await read(long, { bufferBytes: 4096 })).frames, 51 * 12);
  });

  test(`says where a file of ${name} is cut, after the packets that are whole`, async () => {
    const cut = await read(bytes.subarray(0, bytes.length - 1));
    assert.equal(cut.frames, 11);
    assert.match(cut.problem ?? '', /ends in the middle of a record, after 11 packets/);
    const packed = gzipSync(bytes);
    assert.match((await read(packed.subarray(0, packed.length - 12))).problem ?? '', /unexpected end of file/);
  });

  test(`survives two thousand damaged files of ${name}`, async () => {
    let random = 7;
    const next = (below: number) => {
      random = (Math.imul(random, 1103515245) + 12345) >>> 0;
      return Math.floor((random / 2 ** 32) * below);
    };
    let damaged = 0;
    for (let round = 0; round < 2000; round++) {
      const copy = Buffer.from(bytes);
      for (let flips = 1 + next(8); flips > 0; flips--) copy[next(copy.length)] = next(3) === 0 ? 0xff : next(256);
      const whole = next(4) > 0 ? copy : copy.subarray(0, next(copy.length));
      const result = await read(whole, { bufferBytes: 4096 }).catch((error) => {
        assert.ok(error instanceof CaptureFileError, String(error.stack));
        return undefined;
      });
      if (result === undefined || result.problem !== undefined) damaged++;
      else assert.ok(result.frames <= 12);
    }
    assert.ok(damaged > 200, `${damaged} were found to be damaged`);
  });
}

test('times count from the epoch of a given clock', async () => {
  const { times: shifted } = await read(dumpcap, { clock: createCaptureClock(1795236640) });
  assert.equal(shifted[0], 10_508_343_157);
});

test('reads both byte orders and both units of pcap', async () => {
  for (const [magic, fraction] of [
    [0xa1b2c3d4, 1000],
    [0xa1b23c4d, 1],
  ] as const) {
    for (const littleEndian of [false, true]) {
      const put = (view: DataView, at: number, value: number) => view.setUint32(at, value, littleEndian);
      const bytes = new Uint8Array(24 + 16 + 4);
      const view = new DataView(bytes.buffer);
      put(view, 0, magic);
      put(view, 16, 96);
      put(view, 20, 101);
      put(view, 24, 1_700_000_000);
      put(view, 28, 999_999);
      put(view, 32, 4);
      put(view, 36, 1500);
      const result = await read(bytes);
      assert.deepEqual(result.lengths, [1500]);
      assert.deepEqual(result.times, [999_999 * fraction]);
      assert.equal(result.linkType, 101);
      assert.equal(result.epoch, 1_700_000_000_000_000_000n);
    }
  }
});

test('reads the longer record headers of old patched libpcaps', async () => {
  const parts: Uint8Array[] = [tcpdump.subarray(0, 24)];
  for (let at = 24; at < tcpdump.length; ) {
    const end = at + 16 + tcpdump.readUInt32LE(at + 8);
    parts.push(tcpdump.subarray(at, at + 16), Buffer.alloc(8, 0xee), tcpdump.subarray(at + 16, end));
    at = end;
  }
  const bytes = Buffer.concat(parts);
  bytes.writeUInt32LE(0xa1b2cd34);
  assert.deepEqual(await read(bytes), await read(tcpdump));
});

test('refuses what only resembles pcap, and says how to convert it', async () => {
  const bytes = Buffer.from(tcpdump);
  bytes.writeUInt32LE(0xa1e2cb12);
  await assert.rejects(read(bytes), /experimental libpcap.*editcap -F pcapng/);
  await assert.rejects(read(Buffer.alloc(100)), /neither pcap nor pcapng: it begins with 00000000/);
  await assert.rejects(read(Buffer.alloc(3)), /holds 3 bytes/);
  await assert.rejects(openCaptureFile(join(directory, 'absent')), /cannot be opened: ENOENT/);
});

test('reads sections of both byte orders, resolutions, offsets, simple and old packets', async () => {
  const option = (code: number, ...bytes: number[]) => ({ code, bytes });
  const sections = [true, false].flatMap((little) => [
    section(little),
    // Milliseconds, 100 s later than said; only 60 bytes of each packet.
    interfaceBlock(little, 1, 60, [option(9, 3), option(14, ...int64(little, 100n))]),
    // 2^-10 s.
    interfaceBlock(little, 113, 0, [option(9, 0x8a)]),
    block(little, 5, new Uint8Array(8)),
    block(little, 0x80001234, new Uint8Array(9000)),
    enhanced(little, 0, 1_000_000_000_250n, 4),
    enhanced(little, 1, (1_000_000_101n << 10n) + 512n, 8),
    simple(little, 100, 60),
    old(little, 0, 1_000_000_002_000n, 12),
  ]);
  const result = await read(Buffer.concat(sections), { bufferBytes: 4096 });
  assert.equal(result.problem, undefined);
  assert.deepEqual(result.lengths, [4, 8, 100, 12, 4, 8, 100, 12]);
  assert.equal(result.epoch, 1_000_000_100n * 1_000_000_000n);
  const expected = [250e6, 1.5e9, 1.5e9, 2e9];
  assert.deepEqual(result.times, [...expected, ...expected]);
});

test('pcapng: a packet of an unknown interface, or lying lengths, end the file with a reason', async () => {
  const start = Buffer.concat([section(true), interfaceBlock(true, 1, 0, [])]);
  const lying = Buffer.from(enhanced(true, 0, 1n, 4));
  lying.writeUInt32LE(4000, 20);
  const cases: [Uint8Array, RegExp][] = [
    [enhanced(true, 7, 1n, 4), /interface 7, which was not described/],
    [lying, /claims 4000 bytes/],
    [Buffer.from([6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), /a block of 0 bytes/],
    [Buffer.from([6, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0, 0]), /block of type 6 with 2147483648 bytes/],
  ];
  for (const [bytes, problem] of cases) {
    const result = await read(Buffer.concat([start, bytes]));
    assert.equal(result.frames, 0);
    assert.match(result.problem ?? '', problem);
  }
});

test('what the writer wrote is read back: bytes, times to the nanosecond, interfaces', async () => {
  const clock = createCaptureClock(1_795_236_650);
  const writer = new PacketBlockWriter(clock, 4096);
  assert.ok(writer.add(1, 508_343_157, dumpcap, 100, 61, 99));
  assert.ok(writer.add(0, 86_400e9 + 1, dumpcap, 200, 4, 4));
  assert.ok(!writer.add(0, 0, dumpcap, 0, 4096, 4096));
  const header = writePcapngHeader([
    { linkType: 1, snapLength: 0, name: 'eth0' },
    { linkType: 101, snapLength: 0 },
  ]);
  const result = await read(Buffer.concat([header, writer.take()]), { clock });
  assert.deepEqual(result.lengths, [99, 4]);
  assert.deepEqual(result.times, [508_343_157, 86_400e9 + 1]);
  let sum = 0;
  for (const byte of [...dumpcap.subarray(100, 161), ...dumpcap.subarray(200, 204)]) sum += byte;
  assert.equal(result.sum, sum);
});

/** A file without what stands before its first packet. */
function recordsOf(bytes: Buffer): Buffer {
  if (bytes.readUInt32LE() === 0xa1b2c3d4) return bytes.subarray(24);
  let at = 0;
  while (bytes.readUInt32LE(at) !== 6) at += bytes.readUInt32LE(at + 4);
  return bytes.subarray(at);
}

function block(little: boolean, type: number, body: Uint8Array): Buffer {
  const length = 12 + ((body.length + 3) & ~3);
  const bytes = Buffer.alloc(length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, length);
  view.setUint32(0, type, little);
  view.setUint32(4, length, little);
  bytes.set(body, 8);
  view.setUint32(length - 4, length, little);
  return bytes;
}

function words(little: boolean, sizes: readonly (readonly [size: 2 | 4, value: number])[], data = 0): Uint8Array {
  const bytes = new Uint8Array(sizes.reduce((sum, [size]) => sum + size, data));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [size, value] of sizes) {
    if (size === 2) view.setUint16(at, value, little);
    else view.setUint32(at, value, little);
    at += size;
  }
  return bytes;
}

function section(little: boolean): Buffer {
  const rest = [
    [4, 0xffffffff],
    [4, 0xffffffff],
  ] as const;
  return block(little, 0x0a0d0d0a, words(little, [[4, 0x1a2b3c4d], [2, 1], [2, 0], ...rest]));
}

function interfaceBlock(
  little: boolean,
  linkType: number,
  snapLength: number,
  options: readonly { code: number; bytes: number[] }[],
): Buffer {
  const parts = [
    words(little, [
      [2, linkType],
      [2, 0],
      [4, snapLength],
    ]),
  ];
  for (const { code, bytes } of [...options, { code: 0, bytes: [] }]) {
    const head = words(little, [
      [2, code],
      [2, bytes.length],
    ]);
    parts.push(head, Uint8Array.from(bytes), new Uint8Array(-bytes.length & 3));
  }
  return block(little, 1, Buffer.concat(parts));
}

function int64(little: boolean, value: bigint): number[] {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigInt64(0, value, little);
  return [...new Uint8Array(view.buffer)];
}

function enhanced(little: boolean, from: number, units: bigint, length: number): Buffer {
  const [high, low] = [Number(units >> 32n), Number(units & 0xffffffffn)];
  return block(
    little,
    6,
    words(
      little,
      [
        [4, from],
        [4, high],
        [4, low],
        [4, length],
        [4, length],
      ],
      length,
    ),
  );
}

function old(little: boolean, from: number, units: bigint, length: number): Buffer {
  const [high, low] = [Number(units >> 32n), Number(units & 0xffffffffn)];
  return block(
    little,
    2,
    words(
      little,
      [
        [2, from],
        [2, 0],
        [4, high],
        [4, low],
        [4, length],
        [4, length],
      ],
      length,
    ),
  );
}

function simple(little: boolean, wireLength: number, captured: number): Buffer {
  return block(little, 3, words(little, [[4, wireLength]], captured));
}
