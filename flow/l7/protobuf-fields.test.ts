import assert from 'node:assert/strict';
import test from 'node:test';
import protobuf from 'protobufjs';
import { ProtobufFields } from './protobuf-fields.ts';

const { root } = protobuf.parse(`syntax = "proto3";
message Sample { uint64 id = 1; string name = 2; fixed32 small = 3; fixed64 large = 4; int32 below = 5; string late = 300; }`);
const Sample = root.lookupType('Sample');

function encode(value: object): Buffer {
  return Buffer.from(Sample.encode(Sample.fromObject(value)).finish());
}

function walk(bytes: Buffer): [string[], ProtobufFields] {
  const fields = new ProtobufFields();
  const found: string[] = [];
  fields.begin(bytes, 0, bytes.length);
  while (fields.next()) found.push(`${fields.number}=${fields.wireType === 2 ? fields.text() : fields.value}`);
  return [found, fields];
}

test('gives each field that another implementation wrote', () => {
  const [found, fields] = walk(
    encode({ id: 2 ** 40 + 5, name: 'naïve', small: 7, large: 2 ** 33, below: -2, late: 'x' }),
  );
  assert.deepEqual(found.slice(0, 4), [`1=${2 ** 40 + 5}`, '2=naïve', '3=7', `4=${2 ** 33}`]);
  assert.equal(found[5], '300=x');
  assert.equal(fields.bad || fields.cut, false);
});

test('reads a negative int32', () => {
  const bytes = encode({ below: -2 });
  const fields = new ProtobufFields();
  fields.begin(bytes, 0, bytes.length);
  assert.equal(fields.next(), true);
  assert.equal(fields.int32(), -2);
});

test('a cut message gives what is there, and says so', () => {
  const bytes = encode({ id: 1, name: 'abcdef' });
  const [found, fields] = walk(bytes.subarray(0, bytes.length - 2));
  assert.deepEqual(found, ['1=1', '2=abcd']);
  assert.equal(fields.cut, true);
});

for (const [name, bytes] of [
  ['field number 0', [0x00, 0x01]],
  ['a group', [0x0b]],
  ['a varint that does not end', [0x08, ...new Array<number>(11).fill(0xff)]],
] as const) {
  test(`${name} is no message`, () => assert.equal(walk(Buffer.from(bytes))[1].bad, true));
}
