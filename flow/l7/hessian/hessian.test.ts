/** Hessian 2 and its draft: every code of the grammar, texts in chunks and beyond ASCII, objects, lies about lengths. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hex, join, u8, u16 } from '../testing/bytes.ts';
import { createRandom } from '../testing/hostile.ts';
import { HessianDraftReader } from './draft.ts';
import { Hessian2Reader } from './final.ts';

/** A text of up to 31 characters, the same in both. */
const text = (value: string): Buffer => join(u8(value.length), value);
/** Definition of a class, then objects of it. */
const finalClass = (name: string, ...fields: string[]): Buffer =>
  join('C', text(name), u8(0x90 + fields.length), ...fields.map(text));
const draftClass = (name: string, ...fields: string[]): Buffer =>
  join('O', u8(0x90 + name.length), name, u8(0x90 + fields.length), ...fields.map(text));

const finalValues: [name: string, bytes: Buffer][] = [
  ['short text', text('abc')],
  ['text of 300', join(hex('31 2c'), 'x'.repeat(300))],
  ['text in chunks', join('R', u16(2), 'ab', 'R', u16(1), 'c', 'S', u16(1), 'd')],
  ['short bytes', hex('23 000102')],
  ['bytes of 300', join(hex('35 2c'), Buffer.alloc(300))],
  ['bytes in chunks', join('A', u16(2), hex('0000'), 'B', u16(1), hex('00'))],
  ['true, false, null', hex('54 46 4e')],
  ['ints', hex('90 80 bf c8 00 cf ff d4 0000 49 00000000')],
  ['longs', hex('e0 d8 f8 00 3c 0000 59 00000000 4c 0000000000000000')],
  ['doubles', hex('5b 5c 5d 00 5e 0000 5f 00000000 44 0000000000000000')],
  ['dates', hex('4a 0000000000000000 4b 00000000')],
  ['a list of a type and length', join('V', text('[int'), hex('92 90 91'))],
  ['a short list of a type', join(u8(0x72), text('[int'), hex('90 91'))],
  ['a list of a type without length', join('U', text('[int'), hex('90 5a'))],
  ['a list', join('X', hex('91 90'))],
  ['a short list', hex('7a 90 91')],
  ['a list without length', join('W', hex('90 91 5a'))],
  ['a type by number', join('V', text('[int'), hex('90 56 90 91 90'))],
  ['a map', join('H', text('a'), u8(0x91), text('b'), 'N', 'Z')],
  ['a map of a type', join('M', text('t'), hex('90 91 5a'))],
  [
    'an object of a class of fields, another, and a reference',
    join(finalClass('P', 'x', 'y'), hex('60 90 91'), 'O', u8(0x90), hex('51 90 92')),
  ],
  ['a list of objects', join('X', u8(0x92), finalClass('P', 'x'), hex('60 90 60 91'))],
];

const draftValues: [name: string, bytes: Buffer][] = [
  ['short text', text('abc')],
  ['text in chunks', join('s', u16(2), 'ab', 'S', u16(1), 'd')],
  ['old XML text', join('X', u16(1), 'a')],
  ['bytes', join(hex('21 00'), 'b', u16(1), hex('00'), 'B', u16(1), hex('00'))],
  ['true, false, null', hex('54 46 4e')],
  ['ints and longs', hex('90 c8 00 d4 0000 49 00000000 e0 f8 00 3c 0000 77 00000000 4c 0000000000000000')],
  ['doubles', hex('67 68 69 00 6a 0000 6b 00000000 44 0000000000000000')],
  ['a date', hex('64 0000000000000000')],
  ['references', hex('4a 00 4b 0000 52 00000000')],
  ['a list of a type and length', join('Vt', u16(4), '[int', 'n', u8(2), hex('90 91'), 'z')],
  ['a list of a long length', join('Vl', hex('00000001'), hex('90'), 'z')],
  ['a list of a type by number', join('VT', u8(0x90), hex('90'), 'z')],
  ['a list of known type and length', join('v', hex('90 92 90 91'))],
  ['a map', join('M', text('a'), u8(0x91), 'z')],
  ['a map of a type', join('Mt', u16(1), 't', text('a'), u8(0x91), 'z')],
  ['objects', join(draftClass('P', 'x', 'y'), 'o', hex('90 90 91'), 'o', hex('90 4e 4e'))],
];

for (const [grammar, Reader, values] of [
  ['final', Hessian2Reader, finalValues],
  ['draft', HessianDraftReader, draftValues],
] as const) {
  for (const [name, bytes] of values) {
    test(`${grammar}: ${name} is passed, and every cut of it is noticed`, () => {
      const reader = new Reader(bytes, 0, bytes.length);
      while (reader.at < bytes.length) assert.ok(reader.skip(), `at ${reader.at}`);
      assert.deepEqual([reader.at, reader.failed], [bytes.length, false]);
      for (let length = 0; length < bytes.length; length++) {
        const cut = new Reader(bytes, 0, length);
        while (cut.at < length && cut.skip());
        assert.ok(cut.at <= length);
      }
    });
  }

  test(`${grammar}: noise and nesting end`, () => {
    const random = createRandom(7);
    for (let round = 0; round < 20_000; round++) {
      const bytes = Buffer.from(Array.from({ length: 1 + random(64) }, () => random(256)));
      const reader = new Reader(bytes, 0, bytes.length);
      for (let count = 0; count < 64 && reader.skip(); count++);
      new Reader(bytes, 0, bytes.length).readObject(() => false);
      new Reader(bytes, 0, bytes.length).readMap(() => false);
      new Reader(bytes, 0, bytes.length).readText();
    }
    assert.equal(new Reader(Buffer.alloc(100_000, grammar === 'final' ? 'W' : 'V'), 0, 100_000).skip(), false);
  });
}

test('texts count UTF-16 units', () => {
  // é is one unit of two bytes; the face is two surrogates of three bytes each, or four bytes in one.
  const bytes = join(u8(2), 'aé', u8(2), hex('eda0bd edb880'), u8(2), hex('f09f9880'), text('end'));
  const reader = new Hessian2Reader(bytes, 0, bytes.length);
  assert.equal(reader.readText(), 'aé');
  assert.equal(reader.readText()?.length, 6);
  assert.equal(reader.readText(), '😀');
  assert.equal(reader.readText(), 'end');
});

test('the fields of an object are told by name', () => {
  const body = join(u8(0x91), text('why'), 'N');
  for (const [Reader, bytes] of [
    [Hessian2Reader, join(finalClass('a.Error', 'code', 'detailMessage', 'cause'), u8(0x60), body)],
    [HessianDraftReader, join(draftClass('a.Error', 'code', 'detailMessage', 'cause'), 'o', u8(0x90), body)],
  ] as const) {
    const reader = new Reader(bytes, 0, bytes.length);
    const fields: string[] = [];
    let message: string | null = '';
    const name = reader.readObject((field) => {
      fields.push(field);
      if (field !== 'detailMessage') return false;
      message = reader.readText();
      return true;
    });
    assert.deepEqual(
      [name, fields, message, reader.at],
      ['a.Error', ['code', 'detailMessage', 'cause'], 'why', bytes.length],
    );
  }
});

test('long texts are kept in part and passed whole', () => {
  const bytes = join('S', u16(60_000), 'x'.repeat(60_000), text('end'));
  const reader = new Hessian2Reader(bytes, 0, bytes.length);
  assert.equal(reader.readText()?.length, 8192);
  assert.equal(reader.readText(), 'end');
});
