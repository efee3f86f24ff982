/** PostgreSQL: simple and extended queries, batches, errors, copies, start-up, encryption, broken bytes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { playHostile } from '../testing/hostile.ts';
import { createTestStream, type TestStream } from '../testing/stream.ts';
import postgresql from './index.ts';

const u32 = (value: number): string =>
  String.fromCharCode(value >>> 24, (value >> 16) & 255, (value >> 8) & 255, value & 255);
const message = (type: string, body = ''): string => type + u32(body.length + 4) + body;
const query = (text: string): string => message('Q', `${text}\0`);
const parse = (name: string, text: string): string => message('P', `${name}\0${text}\0\0\0`);
const bind = (name: string): string => message('B', `\0${name}\0\0\0\0\0\0\0`);
const describe = message('D', 'P\0');
const execute = message('E', `\0${u32(0)}`);
const sync = message('S');
const ready = message('Z', 'I');
const columns = message('T', '\0\0');
const row = message('D', '\0\0');
const complete = (tag: string): string => message('C', `${tag}\0`);
const error = (state: string, text: string): string => message('E', `SFEHLER\0VERROR\0C${state}\0M${text}\0\0`);
const startup = (body: string, code = 0x30000): string => u32(body.length + 8) + u32(code) + body;

const spans = ({ calls }: TestStream): string[] =>
  calls.map(
    ({ outcome, span }) =>
      `${outcome === 'answered' ? '' : `${outcome} `}${span.replace('db.system.name=postgresql ', '').replace('deepflow.postgresql.message', 'message')}`,
  );

const selectT =
  'SELECT t server | db.query.summary=SELECT t db.operation.name=SELECT db.collection.name=t db.query.text=SELECT a FROM t WHERE b =';

const cases: [name: string, turns: [client: string, server: string][], expected: string[]][] = [
  [
    'a simple query, its rows and its literal hidden',
    [[query("SELECT a FROM t WHERE b = 'x'"), columns + row + row + complete('SELECT 2') + ready]],
    [`${selectT} ? db.response.returned_rows=2 message=simple_query`],
  ],
  [
    'several statements in one query',
    [[query('DELETE FROM a; INSERT INTO b VALUES (1)'), complete('DELETE 2') + complete('INSERT 0 3') + ready]],
    [
      'DELETE a INSERT b server | db.query.summary=DELETE a INSERT b db.operation.name=DELETE db.collection.name=a db.query.text=DELETE FROM a; INSERT INTO b VALUES (?) deepflow.db.affected_rows=5 message=simple_query',
    ],
  ],
  [
    'parse, bind and execute are one call',
    [
      [
        parse('', 'SELECT a FROM t WHERE b = $1') + bind('') + describe + execute + sync,
        message('1') + message('2') + columns + row + complete('SELECT 1') + ready,
      ],
    ],
    [`${selectT} $1 db.response.returned_rows=1 message=parse`],
  ],
  [
    'a statement prepared first, then run by its name',
    [
      [
        parse('s1', 'SELECT a FROM t WHERE b = $1') + message('D', 'Ss1\0') + sync,
        message('1') + message('t', '\0\0') + columns + ready,
      ],
      [bind('s1') + execute + sync, message('2') + row + complete('SELECT 1') + ready],
      [message('C', 'Ss1\0') + sync, message('3') + ready],
    ],
    [
      `${selectT} $1 message=parse`,
      `${selectT} $1 db.response.returned_rows=1 message=bind`,
      `${selectT} $1 message=close`,
    ],
  ],
  [
    'a batch is one call for each execution',
    [
      [
        parse('', 'DELETE FROM t') + bind('') + execute + bind('') + execute + sync,
        message('1') + message('2') + complete('DELETE 1') + message('2') + complete('DELETE 2') + ready,
      ],
    ],
    [
      'DELETE t server | db.query.summary=DELETE t db.operation.name=DELETE db.collection.name=t db.query.text=DELETE FROM t deepflow.db.affected_rows=1 message=parse',
      'DELETE t server | db.query.summary=DELETE t db.operation.name=DELETE db.collection.name=t db.query.text=DELETE FROM t deepflow.db.affected_rows=2 message=bind',
    ],
  ],
  [
    'an error; what it skips is told',
    [
      [query('SELEC 1'), error('42601', 'syntax error') + ready],
      [
        parse('', 'DELETE FROM t') + bind('') + execute + bind('') + execute + sync,
        message('1') + message('2') + error('23503', 'still used') + ready,
      ],
      [query('ROLLBACK'), complete('ROLLBACK') + ready],
    ],
    [
      '!simple_query server | db.operation.name=simple_query db.query.text=SELEC ? db.response.status_code=42601 error.type=42601 deepflow.postgresql.severity=ERROR message=simple_query',
      '!DELETE t server | db.query.summary=DELETE t db.operation.name=DELETE db.collection.name=t db.query.text=DELETE FROM t db.response.status_code=23503 error.type=23503 deepflow.postgresql.severity=ERROR message=parse',
      '!DELETE t server | db.query.summary=DELETE t db.operation.name=DELETE db.collection.name=t db.query.text=DELETE FROM t db.response.status_code=23503 error.type=23503 message=bind',
      'ROLLBACK server | db.query.summary=ROLLBACK db.operation.name=ROLLBACK db.query.text=ROLLBACK message=simple_query',
    ],
  ],
  [
    'copies in both directions',
    [
      [query('COPY t FROM STDIN'), message('G', '\0\0\0')],
      [message('d', 'a\tb\n') + message('d', 'c\td\n') + message('c'), complete('COPY 2') + ready],
      [
        query('COPY t TO STDOUT'),
        message('H', '\0\0\0') + message('d', 'a\n') + message('c') + complete('COPY 1') + ready,
      ],
    ],
    [
      'COPY t server | db.query.summary=COPY t db.operation.name=COPY db.collection.name=t db.query.text=COPY t FROM STDIN deepflow.db.affected_rows=2 message=simple_query',
      'COPY t server | db.query.summary=COPY t db.operation.name=COPY db.collection.name=t db.query.text=COPY t TO STDOUT deepflow.db.affected_rows=1 message=simple_query',
    ],
  ],
  [
    'start-up, notices, notifications, the end',
    [
      [startup('user\0me\0database\0shop\0\0'), message('R', `${u32(5)}salt`)],
      [
        message('p', 'md5\0'),
        message('R', u32(0)) + message('S', 'TimeZone\0UTC\0') + message('K', u32(1) + u32(2)) + ready,
      ],
      [query('LISTEN c'), complete('LISTEN') + ready + message('N', 'SNOTICE\0\0') + message('A', `${u32(9)}c\0hi\0`)],
      [message('X'), ''],
    ],
    [
      'startup server | db.namespace=shop db.operation.name=startup message=startup deepflow.db.user=me',
      'LISTEN server | db.namespace=shop db.query.summary=LISTEN db.operation.name=LISTEN db.query.text=LISTEN c message=simple_query',
      'one_way notification server | db.operation.name=notification message=notification deepflow.postgresql.channel=c',
      'one_way terminate server | db.operation.name=terminate message=terminate',
    ],
  ],
];

for (const [name, turns, expected] of cases) {
  for (const pieces of [1, 7, undefined]) {
    test(`${name}, in pieces of ${pieces ?? 'any'} bytes`, () => {
      const stream = createTestStream([postgresql], { serverPort: 5432, ...(pieces === undefined ? {} : { pieces }) });
      for (const [client, server] of turns) {
        stream.client(client);
        stream.server(server);
      }
      assert.deepEqual(spans(stream), expected);
      assert.equal(stream.analysis.counters.lost, 0);
    });
  }
}

test('encryption: TLS takes over when the server agrees, and not when it does not', () => {
  const agreed = createTestStream([postgresql]);
  agreed.client(startup('', 80877103));
  assert.equal(agreed.server('S'), false);
  const refused = createTestStream([postgresql]);
  refused.client(startup('', 80877103));
  refused.server('N');
  refused.client(startup('user\0me\0\0'));
  refused.server(message('R', u32(0)) + ready);
  assert.deepEqual(
    refused.calls.map(({ outcome, request }) => [outcome, request!.method]),
    [['answered', 'startup']],
  );
});

test('pipelined queries each get their own answer', () => {
  const stream = createTestStream([postgresql]);
  stream.client(query('SELECT 1') + query('SELECT 2; SELECT 3') + query('SELECT 4'));
  stream.server(
    columns +
      row +
      complete('SELECT 1') +
      ready +
      row +
      complete('SELECT 1') +
      row +
      complete('SELECT 1') +
      ready +
      error('22012', 'division by zero') +
      ready,
  );
  assert.deepEqual(
    stream.calls.map(({ request, response }) => [request!.resource, response!.facts!.get('rows'), response!.error]),
    [
      ['SELECT 1', 1, ''],
      ['SELECT 2; SELECT 3', 2, ''],
      ['SELECT 4', undefined, 'division by zero'],
    ],
  );
});

test('a trace context in a comment is the call’s', () => {
  const stream = createTestStream([postgresql]);
  stream.client(query("SELECT 1 /*traceparent='00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'*/"));
  assert.equal(stream.messages[0]!.trace?.spanId, '00f067aa0ba902b7');
});

test('a piece larger than the window may end inside a message', () => {
  const line = message('d', 'x'.repeat(95));
  const lines = line.repeat(2000);
  const stream = createTestStream([postgresql], { pieces: 70_002 });
  stream.client(query('COPY t FROM STDIN'));
  stream.server(message('G', '\0\0\0'));
  stream.client(lines + message('c'));
  stream.server(complete('COPY 2000') + ready);
  assert.equal(stream.calls[0]!.outcome, 'answered');
  assert.equal(stream.analysis.counters.lost, 0);
});

test('values of many megabytes pass unseen', () => {
  const stream = createTestStream([postgresql]);
  stream.client(`Q${u32(20_000_027)}INSERT INTO t VALUES ('`);
  for (let index = 0; index < 20; index++) stream.client(Buffer.alloc(1_000_000, 0x61));
  stream.server(complete('INSERT 0 1') + ready);
  assert.deepEqual(
    stream.calls.map(({ outcome, request }) => [outcome, request!.endpoint]),
    [['answered', 'INSERT t']],
  );
});

test('an answer cut off by the end of the connection is told as far as it came', () => {
  const stream = createTestStream([postgresql]);
  stream.client(query('SELECT a FROM t'));
  stream.server(columns + row);
  stream.finish(1);
  assert.deepEqual(
    stream.calls.map(({ outcome, response }) => [outcome, response!.complete]),
    [['answered', false]],
  );
});

test('a failed query lasts until the server is ready again, but for the failure that ends the session', () => {
  const stream = createTestStream([postgresql]);
  for (const failure of [error('42P01', 'no table'), message('E', 'SFATAL\0VFATAL\0C57P01\0Mstopping\0\0')]) {
    stream.client(query('SELECT a FROM t'));
    stream.server(failure);
    if (stream.calls.length === 0) stream.server(ready);
  }
  assert.deepEqual(
    stream.calls.map(({ request, response }) => [response!.endNs - request!.endNs, response!.complete]),
    [
      [2e6, true],
      [1e6, true],
    ],
  );
});

test('bad bytes neither throw nor hang', () => {
  playHostile(
    postgresql,
    cases.map(([, turns]): [Buffer, Buffer] => [
      Buffer.from(turns.map(([client]) => client).join(''), 'latin1'),
      Buffer.from(turns.map(([, server]) => server).join(''), 'latin1'),
    ]),
    5000,
  );
});
