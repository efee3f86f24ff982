import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AnyValue, keyValues } from './otlp-json.ts';
import { readAttributes } from './typed.ts';

const cases: [name: string, letter: string, stored: string, expected: AnyValue][] = [
  ['text', 's', '42', { stringValue: '42' }],
  ['a boolean', 'b', 'true', { boolValue: true }],
  ['an integer beyond 2^53', 'i', '-9007199254740993', { intValue: '-9007199254740993' }],
  ['a double', 'd', '0.1', { doubleValue: 0.1 }],
  ['not a number', 'd', 'nan', { doubleValue: 'NaN' }],
  ['minus infinity', 'd', '-inf', { doubleValue: '-Infinity' }],
  ['bytes', 'y', 'AP8=', { bytesValue: 'AP8=' }],
  ['the empty value', 'e', '', {}],
  [
    'an array, whose integers keep their digits',
    'a',
    '["x",9007199254740993,1.5,null]',
    { arrayValue: { values: [{ stringValue: 'x' }, { intValue: '9007199254740993' }, { doubleValue: 1.5 }, {}] } },
  ],
  [
    'a map in a map',
    'm',
    '{"a":{"b":true}}',
    {
      kvlistValue: {
        values: [{ key: 'a', value: { kvlistValue: { values: [{ key: 'b', value: { boolValue: true } }] } } }],
      },
    },
  ],
  ['an array that is no JSON', 'a', '[1,', { stringValue: '[1,' }],
  ['a type nobody knows', '?', 'x', { stringValue: 'x' }],
];

for (const [name, letter, stored, expected] of cases) {
  test(`rebuilds ${name}`, () => {
    assert.deepEqual(keyValues(readAttributes([['key', stored]], letter)), [{ key: 'key', value: expected }]);
  });
}

test('a key that occurs twice keeps both values with their own types', () => {
  const attributes = readAttributes(
    [
      ['k', '1'],
      ['k', '2'],
    ],
    'is',
  );
  assert.deepEqual(keyValues(attributes), [
    { key: 'k', value: { intValue: '1' } },
    { key: 'k', value: { stringValue: '2' } },
  ]);
});
