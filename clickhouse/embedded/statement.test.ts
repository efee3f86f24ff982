import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readStatement, type Statement } from './statement.ts';

const statements: [text: string, expected: Statement][] = [
  ['SELECT 1', { kind: 'rows', query: 'SELECT 1', format: undefined, settings: '', limited: true }],
  ['SELECT 1 FORMAT CSV;', { kind: 'rows', query: 'SELECT 1 ', format: 'CSV', settings: '', limited: true }],
  [
    'SELECT 1 FORMAT CSV SETTINGS a = 1',
    { kind: 'rows', query: 'SELECT 1 ', format: 'CSV', settings: ' SETTINGS a = 1', limited: true },
  ],
  [
    "SELECT ' FORMAT x; ', `INTO OUTFILE`, format -- ; SELECT 2",
    {
      kind: 'rows',
      query: "SELECT ' FORMAT x; ', `INTO OUTFILE`, format -- ; SELECT 2",
      format: undefined,
      settings: '',
      limited: true,
    },
  ],
  ['((SELECT 1))', { kind: 'rows', query: '((SELECT 1))', format: undefined, settings: '', limited: true }],
  [
    '/* a */ SHOW TABLES',
    { kind: 'rows', query: '/* a */ SHOW TABLES', format: undefined, settings: '', limited: false },
  ],
  ['SET a = 1', { kind: 'command', text: 'SET a = 1', format: undefined }],
  ["KILL QUERY WHERE query_id = 'x'", { kind: 'kill', text: "KILL QUERY WHERE query_id = 'x'" }],
  [
    'INSERT INTO t (a, b) SETTINGS x = 1 FORMAT TSV\n1\t2',
    { kind: 'insert', target: 'INSERT INTO t (a, b) ', settings: 'SETTINGS x = 1 ', format: 'TSV', dataAt: 47 },
  ],
  [
    'insert into d.t values (1)',
    { kind: 'insert', target: 'insert into d.t ', settings: '', format: 'Values', dataAt: 22 },
  ],
  ['INSERT INTO t', { kind: 'insert', target: 'INSERT INTO t', settings: '', format: undefined, dataAt: 13 }],
  [
    'INSERT INTO t FORMAT Native\r\n;;',
    { kind: 'insert', target: 'INSERT INTO t ', settings: '', format: 'Native', dataAt: 29 },
  ],
  ['INSERT INTO t SELECT 1;', { kind: 'insert_select', text: 'INSERT INTO t SELECT 1' }],
  ['INSERT INTO t (WITH 1 AS x SELECT x)', { kind: 'insert_select', text: 'INSERT INTO t (WITH 1 AS x SELECT x)' }],
];

for (const [text, expected] of statements) {
  test(`reads ${JSON.stringify(text)}`, () => assert.deepEqual(readStatement(text), expected));
}

const refusals: [text: string, code: number][] = [
  ['', 62],
  ['-- nothing', 62],
  ['SELECT 1; SELECT 2', 62],
  ["SELECT 1 INTO OUTFILE 'x'", 1],
  ["INSERT INTO t FROM INFILE 'x' FORMAT TSV", 1],
  ["SELECT * FROM `file`('x')", 497],
  ["INSERT INTO t SELECT * FROM File('x')", 497],
];

for (const [text, code] of refusals) {
  test(`refuses ${JSON.stringify(text)}`, () => assert.throws(() => readStatement(text), { code }));
}
