import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { frameBlocks } from './native-protocol.ts';

const info = '010002ffffffff00';
const string = (text: string) => Buffer.concat([Buffer.from([text.length]), Buffer.from(text)]).toString('hex');
const declare = (name: string, type: string) => string(name) + string(type);
const hex = (...parts: string[]) => parts.join('');
const u64 = (n: number) => Buffer.from(BigUint64Array.of(BigInt(n)).buffer).toString('hex');

// Two rows of each type, as chDB 26.7.2 writes them; the layout is checked whole against clickhouse-go in integration/.
const columns: [type: string, data: string][] = [
  ['UInt8', '0102'],
  ["DateTime64(9, 'UTC')", hex(u64(1), u64(2))],
  ['FixedString(3)', '616263646566'],
  ["Enum8('a,)' = 1, 'it''s' = 2)", '0102'],
  ['Decimal(18, 4)', hex(u64(1), u64(2))],
  ['String', hex(string('a'), string(''))],
  ['Nullable(UInt16)', hex('0001', '05000000')],
  ['Array(String)', hex(u64(1), u64(3), string('x'), string('y'), string('z'))],
  ['LowCardinality(String)', hex(u64(1), u64(0x600), u64(2), string(''), string('k'), u64(2), '0001')],
  [
    'Map(LowCardinality(String), String)',
    hex(u64(1), u64(0), u64(1), u64(0x600), u64(2), string(''), string('k'), u64(1), '01', string('v')),
  ],
  ['Nested(a UInt8, b String)', hex(u64(0), u64(2), '0708', string('p'), string('q'))],
  ['Tuple(left UInt8, right Array(UInt8))', hex('0102', u64(0), u64(1), '09')],
  ['Tuple()', '0000'],
];

async function frame(blocks: string, version: number, pieceBytes = 1 << 20): Promise<string> {
  const bytes = Buffer.from(blocks, 'hex');
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) pieces.push(bytes.subarray(at, at + pieceBytes));
  const out: Buffer[] = [];
  for await (const chunk of frameBlocks(Readable.from(pieces), version)) out.push(chunk);
  return Buffer.concat(out).toString('hex');
}

for (const [type, data] of columns) {
  test(`finds the end of ${type}`, async () => {
    const block = `0202${declare('a', type)}${data}${declare('b', 'UInt8')}0304`;
    const framed = `${info}0202${declare('a', type)}00${data}${declare('b', 'UInt8')}000304`;
    assert.equal(await frame(block + block, 54_460), framed + framed);
    assert.equal(await frame(block, 54_460, 1), framed);
  });
}

test('older clients get no serialization byte, and blocks without rows have no data', async () => {
  const block = `0100${declare('a', 'LowCardinality(String)')}`;
  assert.equal(await frame(block, 54_405), info + block);
  assert.equal(await frame('', 54_460), '');
});

test('says what it cannot translate', async () => {
  await assert.rejects(frame(`0101${declare('a', 'JSON')}00`, 54_460), /Columns of type JSON .* cast to String/);
  await assert.rejects(frame(`0101${declare('a', 'UInt64')}00`, 54_460), { code: 33 });
});
