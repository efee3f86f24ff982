import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { createLz4FrameReader } from './lz4-frame.ts';

const text = (lines: number) => Array.from({ length: lines }, (_, i) => `line ${i % 50} of a text\n`).join('');

// Written by the lz4 program, version 1.9.4.
const frames: [name: string, hex: string, plain: string][] = [
  [
    'lz4',
    '04224d186440a7b6000000f1026c696e652030206f66206120746578740a11001c3111001c3211001c3311001c3411001c3511001c3611001c3711001c3811001c3911001e31ab000dac001d31ad001d31ae001d31af001d31b0001d31b1001d31b2001d31b3001d31b4001d32b4001d32b4001d32b4001d32b4001d32b4001d32b4001d32b4001d32b4001d32b4001d32b4001d33b4001d33b4001d33b4001d33b4001d33b4001d33b4001d33b4001d33b4001d33b4001333b40050746578740a000000002c29fca3',
    text(40),
  ],
  [
    'lz4 -9 -B4 -BD -BX --content-size',
    '04224d185c40604203000000000011db010000f1026c696e652030206f66206120746578740a11001c3111001c3211001c3311001c3411001c3511001c3611001c3711001c3811001d3999000eab000dac001d31ad001d31ae001d31af001d31b0001d31b1001d31b2001d31b3001d31b4001d32b4001e3260010db4001d32b4001d32b4001d32b4001d32b4001d32b4001d32b4001d32b4001d33b4001d33b4001e3315020db4001d33b4001d33b4001d33b4001d33b4001d33b4001d33b4001d34b4001d34b4001d34b4001e34ca020db4001d34b4001d34b4001d34b4001d34b4001d34b4000f7a03ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff6650746578740aef1d63090a0100000f7a03ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe850746578740ab28e617b0a0100000f7a03ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe8506520343520388fdbfa4c0000000f7a03ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff8a50746578740a38874d75000000003b4569e4',
    text(12_000),
  ],
];

async function decode(pieces: readonly Buffer[]): Promise<string> {
  const reader = createLz4FrameReader();
  const out: Buffer[] = [];
  reader.on('data', (chunk) => out.push(chunk));
  for (const piece of pieces) reader.write(piece);
  reader.end();
  await once(reader, 'end');
  return Buffer.concat(out).toString();
}

for (const [name, hex, plain] of frames) {
  const frame = Buffer.from(hex, 'hex');
  test(`reads what ${name} wrote, whole, byte by byte and twice in a row`, async () => {
    assert.equal(await decode([frame]), plain);
    assert.equal(await decode([...frame].map((byte) => Buffer.from([byte]))), plain);
    assert.equal(await decode([frame, frame]), plain + plain);
  });

  test(`refuses a cut off frame of ${name}`, async () => {
    await assert.rejects(decode([frame.subarray(0, -5)]), /cut off/);
  });
}

test('refuses what is no frame, and blocks that reach beyond it', async () => {
  await assert.rejects(decode([Buffer.from('SELECT 1')]), /not an LZ4 frame/);
  const broken = Buffer.from(frames[0]![1], 'hex');
  // The first token: more literals than there are bytes.
  broken[11] = 0xff;
  await assert.rejects(decode([broken]), RangeError);
});
