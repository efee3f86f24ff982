/** MySQL: login, commands, result sets of both kinds, prepared statements, compression, broken bytes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateSync, zstdCompressSync } from 'node:zlib';
import { playHostile } from '../testing/hostile.ts';
import { createTestStream, type TestStream } from '../testing/stream.ts';
import mysql from './index.ts';

const join = (...parts: (Buffer | string | number[])[]): Buffer =>
  Buffer.concat(
    parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part as number[]))),
  );
const packet = (sequence: number, ...parts: (Buffer | string | number[])[]): Buffer => {
  const payload = join(...parts);
  return join([payload.length & 255, (payload.length >> 8) & 255, payload.length >> 16, sequence], payload);
};
const u32 = (value: number): number[] => [value & 255, (value >> 8) & 255, (value >> 16) & 255, value >>> 24];

const protocol41 = 0x200 | 0x8000 | 0x80000 | 0x8;
const greeting = (capabilities = protocol41, version = '8.0.36'): Buffer =>
  packet(
    0,
    [10],
    version,
    [0],
    u32(7),
    'abcdefgh',
    [0],
    [capabilities & 255, (capabilities >> 8) & 255],
    [33, 2, 0],
    [(capabilities >> 16) & 255, capabilities >>> 24],
    [21],
    new Array(10).fill(0),
    'abcdefghijkl',
    [0],
  );
const login = (capabilities = protocol41): Buffer =>
  packet(
    1,
    u32(capabilities),
    u32(0x1000000),
    [33],
    new Array(23).fill(0),
    'root',
    [0],
    [2, 1, 2],
    'shop',
    [0],
    'caching_sha2_password',
    [0],
  );
const ok = (sequence: number, affected = 0, status = 2): Buffer => packet(sequence, [0, affected, 0, status, 0, 0, 0]);
const eof = (sequence: number, status = 2): Buffer => packet(sequence, [0xfe, 0, 0, status, 0]);
const okEof = (sequence: number, status = 2): Buffer => packet(sequence, [0xfe, 0, 0, status, 0, 0, 0]);
const column = (sequence: number): Buffer =>
  packet(sequence, '\x03def\x01s\x01t\x01t\x01a\x01a', [12, 33, 0, 4, 0, 0, 0, 3, 0, 0, 0, 0, 0]);
const row = (sequence: number, text = 'x'): Buffer => packet(sequence, [text.length], text);
const query = (text: string): Buffer => packet(0, [3], text);
const error = (sequence: number, code: number, text: string): Buffer =>
  packet(sequence, [0xff, code & 255, code >> 8], `#42S02${text}`);

const spans = ({ calls }: TestStream): string[] =>
  calls.map(
    ({ outcome, span }) =>
      `${outcome === 'answered' ? '' : `${outcome} `}${span.replace('db.system.name=mysql ', '').replace(/ ?deepflow.mysql.command=COM_QUERY/, '')}`,
  );

const select =
  'SELECT t server | db.query.summary=SELECT t db.operation.name=SELECT db.collection.name=t db.query.text=SELECT a FROM t WHERE b = ?';
const selected = query('SELECT a FROM t WHERE b = 5');

/** What client and server send, in turns, and the spans. */
const cases: [name: string, turns: [client: Buffer, server: Buffer][], expected: string[]][] = [
  [
    'a result set with EOF packets',
    [[selected, join(packet(1, [1]), column(2), eof(3), row(4), row(5), eof(6))]],
    [`${select} db.response.returned_rows=2`],
  ],
  [
    'a result set without EOF packets',
    [[selected, join(packet(1, [1]), column(2), row(3), okEof(4))]],
    [`${select} db.response.returned_rows=1`],
  ],
  [
    'empty result sets of both kinds',
    [
      [selected, join(packet(1, [1]), column(2), eof(3), eof(4))],
      [selected, join(packet(1, [1]), column(2), okEof(3))],
    ],
    [`${select} db.response.returned_rows=0`, `${select} db.response.returned_rows=0`],
  ],
  [
    'several results of one call',
    [
      [
        query('CALL p()'),
        join(
          packet(1, [1]),
          column(2),
          eof(3),
          row(4),
          eof(5, 0x0a),
          packet(6, [1]),
          column(7),
          eof(8),
          row(9),
          eof(10, 0x0a),
          ok(11, 1),
        ),
      ],
    ],
    [
      'CALL p server | db.query.summary=CALL p db.operation.name=CALL db.collection.name=p db.query.text=CALL p() db.response.returned_rows=2 deepflow.db.affected_rows=1',
    ],
  ],
  [
    'an error, at once and among rows',
    [
      [query('DROP TABLE t'), error(1, 1051, 'Unknown table')],
      [selected, join(packet(1, [1]), column(2), eof(3), row(4), error(5, 1317, 'interrupted'))],
    ],
    [
      '!DROP TABLE t server | db.query.summary=DROP TABLE t db.operation.name=DROP db.collection.name=t db.query.text=DROP TABLE t db.response.status_code=1051 error.type=1051 deepflow.db.sqlstate=42S02',
      `!${select} db.response.status_code=1317 error.type=1317 deepflow.db.sqlstate=42S02`,
    ],
  ],
  [
    'a prepared statement keeps its text',
    [
      [
        packet(0, [0x16], 'SELECT a FROM t WHERE b = ?'),
        join(packet(1, [0], u32(9), [1, 0, 1, 0, 0, 0, 0]), column(2), eof(3), column(4), eof(5)),
      ],
      [
        packet(0, [0x17], u32(9), [0, 1, 0, 0, 0]),
        join(packet(1, [1]), column(2), eof(3), packet(4, [0, 0, 1]), eof(5)),
      ],
      [packet(0, [0x19], u32(9)), Buffer.alloc(0)],
      [packet(0, [0x0e]), ok(1)],
    ],
    [
      `${select} deepflow.mysql.command=COM_STMT_PREPARE`,
      `${select} db.response.returned_rows=1 deepflow.mysql.command=COM_STMT_EXECUTE`,
      `one_way ${select} deepflow.mysql.command=COM_STMT_CLOSE`,
      'COM_PING server | db.operation.name=COM_PING deepflow.db.affected_rows=0 deepflow.mysql.command=COM_PING',
    ],
  ],
  [
    'a file from the client',
    [
      [query("LOAD DATA LOCAL INFILE 'f' INTO TABLE t"), packet(1, [0xfb], 'f')],
      [join(packet(2, 'a,b'), packet(3)), ok(4, 1)],
      [packet(0, [1]), Buffer.alloc(0)],
    ],
    [
      'LOAD t server | db.query.summary=LOAD t db.operation.name=LOAD db.collection.name=t db.query.text=LOAD DATA LOCAL INFILE ? INTO TABLE t deepflow.db.affected_rows=1',
      'one_way COM_QUIT server | db.operation.name=COM_QUIT deepflow.mysql.command=COM_QUIT',
    ],
  ],
  [
    'commands sent without waiting',
    [[join(query('SELECT 1'), query('DELETE FROM a')), join(packet(1, [1]), column(2), okEof(3), ok(1, 3))]],
    [
      'SELECT server | db.query.summary=SELECT db.operation.name=SELECT db.query.text=SELECT ? db.response.returned_rows=0',
      'DELETE a server | db.query.summary=DELETE a db.operation.name=DELETE db.collection.name=a db.query.text=DELETE FROM a deepflow.db.affected_rows=3',
    ],
  ],
];

for (const [name, turns, expected] of cases) {
  for (const pieces of [1, 7, undefined]) {
    test(`${name}, in pieces of ${pieces ?? 'any'} bytes`, () => {
      const stream = createTestStream([mysql], { serverPort: 3306, ...(pieces === undefined ? {} : { pieces }) });
      for (const [client, server] of turns) {
        stream.client(client);
        stream.server(server);
      }
      assert.deepEqual(spans(stream), expected);
      assert.equal(stream.analysis.counters.lost, 0);
    });
  }
}

test('the login tells user and database; later calls the database', () => {
  const stream = createTestStream([mysql], { pieces: 3 });
  stream.server(greeting());
  stream.client(login());
  stream.server(packet(2, [0xfe], 'mysql_native_password', [0], 'x'.repeat(20), [0]));
  stream.client(packet(3, 'y'.repeat(20)));
  stream.server(ok(4));
  stream.client(selected);
  stream.server(ok(1));
  stream.client(query('USE other'));
  stream.server(ok(1));
  stream.client(selected);
  stream.server(ok(1));
  const texts = spans(stream);
  assert.equal(
    texts[0],
    'LOGIN server | db.namespace=shop db.operation.name=LOGIN deepflow.db.affected_rows=0 deepflow.mysql.command=LOGIN deepflow.db.user=root',
  );
  assert.match(texts[1]!, /db.namespace=shop/);
  assert.match(texts[3]!, /db.namespace=other/);
});

test('MariaDB is told from MySQL by its greeting', () => {
  const stream = createTestStream([mysql]);
  stream.server(greeting(protocol41, '5.5.5-10.11.6-MariaDB'));
  stream.client(login());
  stream.server(ok(2));
  assert.match(stream.calls[0]!.span, /db.system.name=mariadb/);
});

test('a refused connection has its error', () => {
  const stream = createTestStream([mysql]);
  stream.server(greeting());
  stream.client(login());
  stream.server(packet(2, [0xff, 0x10, 0x04], 'Too many connections'));
  assert.equal(stream.calls[0]!.response!.statusCode, 1040);
  assert.equal(stream.calls[0]!.response!.error, 'Too many connections');
});

test('query attributes are skipped, and their traceparent is read', () => {
  const stream = createTestStream([mysql]);
  stream.server(greeting(protocol41 | 0x8000000));
  stream.client(login(protocol41 | 0x8000000));
  stream.server(ok(2));
  const parent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  stream.client(packet(0, [3, 1, 1, 0, 1, 0xfe, 0, 11], 'traceparent', [parent.length], parent, 'SELECT 1'));
  stream.client(packet(0, [3, 0, 1], 'SELECT 2'));
  assert.deepEqual(
    stream.messages.slice(2).map(({ resource, trace }) => [resource, trace?.spanId]),
    [
      ['SELECT 1', '00f067aa0ba902b7'],
      ['SELECT 2', undefined],
    ],
  );
});

test('TLS takes over after the request for it', () => {
  const stream = createTestStream([mysql]);
  stream.server(greeting(protocol41 | 0x800));
  const wanted = stream.client(packet(1, u32(protocol41 | 0x800), u32(0x1000000), [33], new Array(23).fill(0)));
  assert.equal(wanted, false);
  assert.equal(stream.messages.length, 0);
});

for (const [name, flag, compress] of [
  ['zlib', 0x20, deflateSync],
  ['zstd', 0x4000000, zstdCompressSync],
] as const) {
  const frame = (sequence: number, data: Buffer, raw = false): Buffer => {
    const body = raw ? data : compress(data);
    const size = raw ? 0 : data.length;
    return join(
      [
        body.length & 255,
        (body.length >> 8) & 255,
        body.length >> 16,
        sequence,
        size & 255,
        (size >> 8) & 255,
        size >> 16,
      ],
      body,
    );
  };
  for (const pieces of [1, 100, 100_000]) {
    test(`${name}: compressed packets, in pieces of ${pieces} bytes`, () => {
      const stream = createTestStream([mysql], { pieces });
      stream.server(greeting(protocol41 | flag));
      stream.client(login(protocol41 | flag));
      stream.server(ok(2));
      stream.client(frame(0, selected, true));
      const answer = join(
        packet(1, [1]),
        column(2),
        eof(3),
        ...Array.from({ length: 3000 }, (_, index) => row((index + 4) & 255, 'y'.repeat(100))),
        eof(9),
      );
      // Packets do not end where compressed ones do.
      for (let at = 0, sequence = 1; at < answer.length; at += 16_001)
        stream.server(frame(sequence++ & 255, answer.subarray(at, at + 16_001)));
      stream.client(frame(0, query(`INSERT INTO t VALUES ${'(1),'.repeat(500)}(1)`)));
      stream.server(frame(1, ok(1, 5), true));
      assert.deepEqual(
        spans(stream)
          .slice(1)
          .map((text) => text.replace(/.*db.query.text=/, '')),
        [
          'SELECT a FROM t WHERE b = ? db.response.returned_rows=3000',
          'INSERT INTO t VALUES (?) deepflow.db.affected_rows=5',
        ],
      );
    });
  }
}

test('a compressed packet that would fill memory is not inflated', () => {
  const stream = createTestStream([mysql]);
  stream.server(greeting(protocol41 | 0x20));
  stream.client(login(protocol41 | 0x20));
  stream.server(ok(2));
  const data = deflateSync(Buffer.concat([query(`SELECT 1 ${' '.repeat(16_000_000)}`)]));
  const before = process.memoryUsage().arrayBuffers;
  stream.client(join([data.length & 255, (data.length >> 8) & 255, data.length >> 16, 0, 0xff, 0xff, 0xff], data));
  assert.ok(process.memoryUsage().arrayBuffers - before < 8_000_000);
  assert.equal(stream.messages.at(-1)!.method, 'COM_QUERY');
});

test('a statement longer than a packet is one call', () => {
  const stream = createTestStream([mysql], { pieces: 60_000 });
  stream.client(join([0xff, 0xff, 0xff, 0, 3], `INSERT INTO t VALUES ('${'x'.repeat(0xffffff - 24)}`));
  stream.client(packet(1, "')"));
  stream.server(ok(1, 1));
  assert.deepEqual(
    spans(stream).map((text) => text.replace(/ db.query.text.*\?/, '')),
    [
      'INSERT t server | db.query.summary=INSERT t db.operation.name=INSERT db.collection.name=t deepflow.db.affected_rows=1',
    ],
  );
});

test('a connection joined later, at a client or in an answer', () => {
  const stream = createTestStream([mysql], { serverPort: 3306 });
  stream.server(join(row(17), row(18), eof(19)));
  stream.client(packet(0, [0x17], u32(4), [0, 1, 0, 0, 0]));
  stream.server(join(packet(1, [1]), column(2), packet(3, [0, 0, 1]), okEof(4)));
  assert.deepEqual(spans(stream), [
    'COM_STMT_EXECUTE server | db.operation.name=COM_STMT_EXECUTE db.response.returned_rows=1 deepflow.mysql.command=COM_STMT_EXECUTE',
  ]);
});

test('a connection joined later is known by a statement of one word', () => {
  const stream = createTestStream([mysql], { serverPort: 3306 });
  stream.client(query('rollback'));
  stream.server(ok(1));
  assert.deepEqual(
    stream.calls.map(({ outcome, request }) => [outcome, request!.resource, request!.seq]),
    [['answered', 'rollback', 1000]],
  );
});

test('the id of a statement whose prepare was not seen is no number of rows', () => {
  const stream = createTestStream([mysql], { serverPort: 3306 });
  stream.server(packet(1, [0], u32(97), [0, 0, 2, 0], [0, 0, 0]));
  assert.equal(stream.messages[0]!.facts?.get('affectedRows'), undefined);
});

const answers: [name: string, answer: Buffer, found: boolean][] = [
  ['of MySQL', join(packet(1, [2]), column(2), column(3), eof(4), row(5), eof(6)), true],
  [
    'of MariaDB, which says that definitions follow',
    join(packet(1, [2, 1]), column(2), column(3), row(4), okEof(5)),
    true,
  ],
  ['of MariaDB, which leaves them out', join(packet(1, [1, 0]), row(2), okEof(3)), true],
  ['that is an OK', ok(1), true],
  ['rows whose numbers began anew', join(row(1), row(2), row(3), row(4), row(5), eof(6)), false],
  ['somewhere in a row', Buffer.from('\0\0\x01\x01text of a row'), false],
];

for (const [name, answer, found] of answers) {
  test(`after lost bytes an answer is found by its packets: ${name}`, () => {
    const stream = createTestStream([mysql]);
    stream.client(selected);
    stream.gap(1, 100);
    stream.server(answer);
    assert.equal(stream.messages.length, found ? 2 : 1);
    stream.client(selected);
    stream.server(ok(1));
    assert.equal(stream.calls.at(-1)!.outcome, found ? 'answered' : 'unmatched_response');
  });
}

test('rows before lost bytes are not counted with the next answer', () => {
  const stream = createTestStream([mysql]);
  stream.client(selected);
  stream.server(join(packet(1, [1]), column(2), eof(3), row(4), row(5)));
  stream.gap(1, 10);
  stream.client(selected);
  stream.server(join(packet(1, [1]), column(2), eof(3), row(4), eof(5)));
  assert.equal(stream.messages.at(-1)!.facts?.get('rows'), 1);
});

test('an answer cut off by the end of the connection is told as far as it came', () => {
  const stream = createTestStream([mysql]);
  stream.client(selected);
  stream.server(join(packet(1, [1]), column(2), eof(3), row(4)));
  stream.finish(1);
  assert.deepEqual(
    stream.calls.map(({ outcome, response }) => [outcome, response!.complete]),
    [['answered', false]],
  );
});

test('bad bytes neither throw nor hang', () => {
  const conversations = cases.map(([, turns]): [Buffer, Buffer] => [
    join(...turns.map(([client]) => client)),
    join(...turns.map(([, server]) => server)),
  ]);
  const framed = deflateSync(selected);
  conversations.push(
    [login(), join(greeting(), ok(2))],
    [join([framed.length, 0, 0, 0, selected.length, 0, 0], framed), ok(1)],
  );
  playHostile(mysql, conversations, 5000);
});
