/** SQL without its literals, summaries, trace contexts in comments. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Message } from '../l7/message.ts';
import { plainOptions } from '../l7/testing/plain-options.ts';
import { offerComment, takeComments } from './comments.ts';
import type { Dialect } from './scanner.ts';
import { readStatement } from './statement.ts';

const texts: [dialect: Dialect, statement: string, expected: string][] = [
  ['mysql', `SELECT * FROM t WHERE a = 'x' AND b=12.5e-3`, 'SELECT * FROM t WHERE a = ? AND b=?'],
  ['mysql', `select "a\\"b", 'it''s', x'ff', _utf8'z', N'n' from \`t 1\``, 'select ?, ?, ?, ?, ? from `t 1`'],
  [
    'postgresql',
    `select "a""b", E'it\\'s', U&'x', $$do ' it$$, $q$ $$ $q$, $1 from t`,
    'select "a""b", ?, ?, ?, ?, $1 from t',
  ],
  ['mysql', 'select 1 -- secret\n, 2 # secret\n, /* secret */ 3', 'select ? , ? , ?'],
  ['postgresql', 'select 1 --secret\n, /* a /* b */ c */ 3, a#b', 'select ? , ?, a#b'],
  ['mysql', 'SELECT * FROM t WHERE a IN (1, 2, 3) AND b in (?)', 'SELECT * FROM t WHERE a IN (?) AND b in (?)'],
  ['mysql', 'SELECT * FROM t WHERE a IN (SELECT 1)', 'SELECT * FROM t WHERE a IN (SELECT ?)'],
  [
    'mysql',
    'INSERT INTO t (a,b) VALUES (1,now()), (2,now()),(3,now()) ON DUPLICATE KEY UPDATE a=1',
    'INSERT INTO t (a,b) VALUES (?,now()) ON DUPLICATE KEY UPDATE a=?',
  ],
  ['mysql', 'INSERT INTO t VALUES (1), (DEFAULT)', 'INSERT INTO t VALUES (?), (DEFAULT)'],
  ['mysql', "select 'never closed", 'select ?'],
  ['mysql', 'select  a ,\n\t b1.c2 from   d ', 'select a , b1.c2 from d'],
  ['postgresql', 'select a::int, -5, .5, t.a[1]', 'select a::int, -?, ?, t.a[?]'],
];

for (const [dialect, statement, expected] of texts) {
  test(`hides what is private in ${statement}`, () => {
    assert.equal(readStatement(statement, dialect).text, expected);
    assert.equal(readStatement(statement, dialect), readStatement(statement, dialect));
  });
}

const summaries: [statement: string, summary: string, endpoint: string][] = [
  ['SELECT * FROM wuser_table WHERE username = ?', 'SELECT wuser_table', 'SELECT wuser_table'],
  [
    'INSERT INTO shipping_details (a) SELECT a FROM orders',
    'INSERT shipping_details SELECT orders',
    'INSERT shipping_details',
  ],
  ['SELECT * FROM songs s, artists AS a WHERE f(a, b)', 'SELECT songs artists', 'SELECT songs'],
  [
    'SELECT d FROM (SELECT * FROM orders o JOIN customers c ON o.a = c.b)',
    'SELECT SELECT orders customers',
    'SELECT orders',
  ],
  ['select * from `db`.`my table` left join x using (a, b), y', 'select `db`.`my table` x y', 'SELECT db.my table'],
  ['create table `test`( `id` int unsigned auto_increment, primary key(`id`))', 'create table `test`', 'CREATE test'],
  ['CREATE TABLE IF NOT EXISTS a.b (c int)', 'CREATE TABLE a.b', 'CREATE a.b'],
  ['update test_table set age=1000 where id=1', 'update test_table', 'UPDATE test_table'],
  ['delete  from test;', 'delete test', 'DELETE test'],
  ['REPLACE INTO t VALUES (1)', 'REPLACE t', 'REPLACE t'],
  ['INSERT IGNORE t SET a = 1', 'INSERT t', 'INSERT t'],
  ['SELECT extract(year FROM ts), a IS DISTINCT FROM b FROM t FOR UPDATE', 'SELECT t', 'SELECT t'],
  [
    'WITH x AS (SELECT * FROM a), y(c) AS (DELETE FROM b RETURNING *) SELECT * FROM x, c',
    'SELECT a DELETE b SELECT c',
    'SELECT a',
  ],
  ['(SELECT a FROM b) UNION ALL (SELECT c FROM d)', 'SELECT b SELECT d', 'SELECT b'],
  ['CALL proc(1, 2)', 'CALL proc', 'CALL proc'],
  ['select @@version_comment limit 1', 'select', 'SELECT '],
  ['EXPLAIN SELECT 1 FROM t', 'EXPLAIN SELECT t', 'EXPLAIN t'],
  ['BEGIN; UPDATE a SET b = 1; COMMIT', 'BEGIN UPDATE a COMMIT', 'BEGIN a'],
  ['DROP TABLE IF EXISTS t CASCADE', 'DROP TABLE t', 'DROP t'],
  ['VACUUM ANALYZE t', 'VACUUM t', 'VACUUM t'],
  ['TRUNCATE t', 'TRUNCATE t', 'TRUNCATE t'],
  ['SELECT a FROM t WHERE b IN (SELECT c FROM u) AND d = (e)', 'SELECT t SELECT u', 'SELECT t'],
  ['ALTER TABLE t ADD COLUMN c int', 'ALTER TABLE t', 'ALTER t'],
  ['not sql at all', '', ' '],
  ['', '', ' '],
];

for (const [statement, summary, endpoint] of summaries) {
  test(`says in short: ${statement}`, () => {
    const read = readStatement(statement, 'mysql');
    assert.equal(read.summary, summary);
    assert.equal(`${read.operation} ${read.collection}`, endpoint);
  });
}

test('a summary is never longer than 255 characters, and never cuts a name', () => {
  const names = Array.from({ length: 100 }, (_, index) => `table_${index}`);
  const { summary } = readStatement(`SELECT * FROM ${names.join(', ')}`, 'postgresql');
  assert.ok(summary.length <= 255);
  assert.match(summary, /table_\d+$/);
});

const parent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const commented: [statement: string, bare: string][] = [
  [`SELECT 1 /*action='run%20it',traceparent='${parent}'*/`, 'SELECT 1'],
  [`SELECT 1 /*traceparent='${parent}'*/;`, 'SELECT 1'],
  [`/* traceparent: ${parent} */ SELECT 1`, 'SELECT 1'],
  [`/* traceparent:${parent}, x: y */SELECT 1`, 'SELECT 1'],
  [`/*traceparent=${parent}*/ SELECT 1`, 'SELECT 1'],
];

for (const [statement, bare] of commented) {
  test(`finds the trace context of ${statement}`, () => {
    const taken = takeComments(statement)!;
    const message = new Message('request', 0, 0, 0, 1, 0, 0);
    offerComment(message, taken.before + taken.after, plainOptions);
    assert.equal(taken.text, bare);
    assert.equal(message.trace?.traceId, '4bf92f3577b34da6a3ce929d0e0e4736');
    assert.equal(message.trace?.spanId, '00f067aa0ba902b7');
  });
}

test('hints and conditional code are not comments', () => {
  assert.equal(takeComments('/*!40101 SET NAMES utf8 */'), null);
  assert.equal(readStatement('/*!40101 SET NAMES utf8 */', 'mysql').operation, 'SET');
});

test('time is linear in the length of whatever comes', () => {
  const begun = process.threadCpuUsage();
  for (const unit of [
    '(',
    "'",
    '"',
    '/*',
    '$a$',
    '--',
    'IN (1,',
    'VALUES (1),',
    'a.',
    '`',
    'SELECT * FROM a, ',
    '1e+',
  ]) {
    for (const dialect of ['mysql', 'postgresql'] as const) readStatement(unit.repeat(65536 / unit.length), dialect);
  }
  assert.ok(process.threadCpuUsage(begun).user < 2e6);
});
