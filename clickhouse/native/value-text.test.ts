/** Attribute values as text, against what JavaScript's own BigInt, String, JSON and base64 say. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { valueTypes } from '../../pdata/otlp/attributes.ts';
import { Bytes } from './bytes.ts';
import { writeValueText } from './value-text.ts';

/** The String cell of a value: its varint length is checked and cut off. */
function textOf(type: number, lo: number, hi: number, arena: Uint8Array = new Uint8Array(0)): string {
  const out = new Bytes(1);
  writeValueText(out, arena, type, lo, hi);
  let at = 0;
  let length = 0;
  do length |= (out.bytes[at]! & 0x7f) << (7 * at);
  while (out.bytes[at++]! > 127);
  assert.equal(out.at - at, length, 'the length before the text');
  return Buffer.from(out.bytes.subarray(at, out.at)).toString();
}

test('integers are written in decimal over their whole range', () => {
  const numbers = [0n, 9n, 10n, -1n, 999_999_999n, 1_000_000_000n, 2n ** 31n, -(2n ** 31n), 2n ** 32n - 1n, 2n ** 32n];
  for (let power = 33n; power < 64n; power++) numbers.push(2n ** power - 1n, -(2n ** power), 2n ** power - 12345n);
  for (let power = 0n; power < 19n; power++) numbers.push(10n ** power, 10n ** power - 1n, -(10n ** power));
  for (const number of numbers) {
    const bits = BigInt.asUintN(64, number);
    if (BigInt.asIntN(64, bits) !== number) continue;
    assert.equal(textOf(valueTypes.int, Number(bits & 0xffffffffn), Number(bits >> 32n)), String(number));
  }
});

test('doubles are written the shortest way that reads back the same', () => {
  const view = new DataView(new ArrayBuffer(8));
  const cases: [number, string][] = [
    [0, '0'],
    [-0, '-0'],
    [1, '1'],
    [0.1, '0.1'],
    [1e21, '1e+21'],
    [5e-324, '5e-324'],
    [Number.NaN, 'NaN'],
    [Number.NEGATIVE_INFINITY, '-Infinity'],
  ];
  for (const [number, text] of cases) {
    view.setFloat64(0, number, true);
    assert.equal(textOf(valueTypes.double, view.getUint32(0, true), view.getUint32(4, true)), text);
  }
});

test('strings and bytes of every length around the limits of copying are whole', () => {
  for (const length of [0, 1, 2, 3, 7, 8, 9, 63, 64, 127, 128, 129, 130, 16_383, 16_384, 100_000]) {
    const text = Array.from({ length }, (_, i) => String.fromCharCode(97 + (i % 26))).join('');
    const arena = Buffer.from(`before${text}`);
    assert.equal(textOf(valueTypes.string, 6, length, arena), text);
    assert.equal(textOf(valueTypes.bytes, 6, length, arena), Buffer.from(text).toString('base64'));
  }
});
