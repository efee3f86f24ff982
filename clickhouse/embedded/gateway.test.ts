import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import { brotliCompressSync, deflateSync, gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { ClickHouseClient, ClickHouseError } from '@clickhouse/client';
import { openTestStore, type TestStore } from './testing/store.ts';

let store: TestStore;
let client: ClickHouseClient;
const cleanUps: (() => Promise<void> | void)[] = [];

before(async () => {
  store = await openTestStore({ after: (cleanUp) => cleanUps.push(cleanUp) });
  client = store.client;
  await client.command({ query: 'CREATE DATABASE otel' });
});

after(async () => {
  for (const cleanUp of cleanUps) await cleanUp();
});

/** One request as it goes over the wire. */
function send(
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: string | Uint8Array } = {},
): Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const { method = 'POST', headers } = options;
    const req = request({ socketPath: store.socketPath, path, method, headers, agent: false }, (res) => {
      const chunks: Buffer[] = [];
      res.on('data', (chunk) => chunks.push(chunk));
      res.on('end', () => resolve({ status: res.statusCode!, headers: res.headers, body: Buffer.concat(chunks) }));
      res.on('error', reject);
    });
    req.on('error', reject);
    req.end(options.body);
  });
}

const inUrl = (query: string, more = '') => `/?query=${encodeURIComponent(query)}${more}`;

async function createTable(columns: string, settings = ''): Promise<string> {
  const table = `otel.t_${randomUUID().replaceAll('-', '')}`;
  await client.command({ query: `CREATE TABLE ${table} (${columns}) ENGINE = MergeTree ORDER BY tuple() ${settings}` });
  return table;
}

async function scalar(query: string): Promise<unknown> {
  const answer = await client.query({ query, format: 'JSONCompact' });
  return ((await answer.json()) as { data: unknown[][] }).data[0][0];
}

test('pings', async () => {
  assert.equal((await client.ping()).success, true);
  assert.equal((await client.ping({ select: true })).success, true);
  assert.equal((await send('/ping', { method: 'GET' })).body.toString(), 'Ok.\n');
});

test('takes SQL from the URL, the body, both, and a form', async () => {
  const form = (query: string) =>
    `--b\r\nContent-Disposition: form-data; name="query"\r\n\r\n${query}\r\n--b\r\nContent-Disposition: form-data; name="param_x"\r\n\r\n7\r\n--b--\r\n`;
  const answers = await Promise.all([
    send(inUrl('SELECT 1'), { method: 'GET' }),
    send(inUrl('SELECT 1')),
    send('/', { body: 'SELECT 1' }),
    send(inUrl('SELECT'), { body: ' 1' }),
    send('/', { body: 'SELECT 1;' }),
    send('/', { body: 'SELECT 1 -- the one' }),
    send('/', { body: form('SELECT {x:UInt8} - 6'), headers: { 'Content-Type': 'multipart/form-data; boundary=b' } }),
  ]);
  for (const answer of answers) assert.deepEqual([answer.status, answer.body.toString()], [200, '1\n']);
});

test('chooses the format by clause, header and parameter', async () => {
  const answers = await Promise.all([
    send('/?default_format=JSONEachRow', { body: 'SELECT 1 AS a FORMAT CSV' }),
    send('/?default_format=JSONEachRow', { body: 'SELECT 1 AS a', headers: { 'X-ClickHouse-Format': 'CSV' } }),
    send('/?default_format=CSV', { body: 'SELECT 1 AS a SETTINGS max_threads = 1' }),
    send('/?default_format=JSONEachRow', { body: 'SELECT 1 AS a FORMAT CSV SETTINGS max_threads = 1' }),
  ]);
  for (const answer of answers) {
    assert.equal(answer.body.toString(), '1\n');
    assert.equal(answer.headers['x-clickhouse-format'], 'CSV');
  }
});

test('inserts JSONEachRow arrays, compressed streams, CSV and compact rows', async () => {
  const table = await createTable('id UInt64, name String');
  const packed = store.connect({ compression: { request: true, response: true } });
  const written = await client.insert({ table, values: [{ id: 1, name: 'a\n\nb' }], format: 'JSONEachRow' });
  assert.equal(written.summary?.written_rows, '1');
  const rows = Readable.from(
    (function* () {
      for (let id = 2; id <= 50_001; id++) yield { id, name: `n${id}` };
    })(),
  );
  await packed.insert({ table, values: rows, format: 'JSONEachRow' });
  await client.insert({ table, values: Readable.from(['50002,x\n50003,y\n'], { objectMode: false }), format: 'CSV' });
  await client.insert({ table, values: [[50_004, 'z']], format: 'JSONCompactEachRow' });
  assert.equal(await scalar(`SELECT count() FROM ${table}`), 50004);
  assert.equal(await scalar(`SELECT name FROM ${table} WHERE id = 1`), 'a\n\nb');
  const answer = await packed.query({ query: `SELECT id FROM ${table} ORDER BY id`, format: 'JSONEachRow' });
  let count = 0;
  for await (const batch of answer.stream()) count += batch.length;
  assert.equal(count, 50_004);
});

test('inserts Native bodies with any bytes in them, and counts the rows', async () => {
  const table = await createTable('id UInt64, raw String');
  const native = (
    await send('/', { body: "SELECT number AS id, '\\n\\nx\\0' AS raw FROM numbers(1000) FORMAT Native" })
  ).body;
  const answer = await send(inUrl(`INSERT INTO ${table} (id, raw) FORMAT Native`), { body: native });
  assert.equal(answer.status, 200);
  assert.equal(JSON.parse(answer.headers['x-clickhouse-summary'] as string).written_rows, '1000');
  assert.equal(await scalar(`SELECT countIf(raw = '\\n\\nx\\0') FROM ${table}`), 1000);
  const inOne = await send('/', { body: Buffer.concat([Buffer.from(`INSERT INTO ${table} FORMAT Native\n`), native]) });
  assert.equal(JSON.parse(inOne.headers['x-clickhouse-summary'] as string).written_rows, '1000');
});

test('a cut off Native body writes nothing', async () => {
  const table = await createTable('id UInt64');
  const native = (await send('/', { body: 'SELECT number AS id FROM numbers(1000) FORMAT Native' })).body;
  const answer = await send(inUrl(`INSERT INTO ${table} FORMAT Native`), { body: native.subarray(0, -3) });
  assert.equal(answer.headers['x-clickhouse-exception-code'], '33');
  assert.equal(await scalar(`SELECT count() FROM ${table}`), 0);
});

test('takes encoded bodies and refuses encodings that it does not know', async () => {
  const table = await createTable('id UInt64');
  const plain = Buffer.from('1\n2\n3\n');
  const bodies: [string, Uint8Array][] = [
    ['gzip', gzipSync(plain)],
    ['deflate', deflateSync(plain)],
    ['br', brotliCompressSync(plain)],
    ['zstd', zstdCompressSync(plain)],
    // `lz4 -c` of the three lines.
    ['lz4', Buffer.from('04224d186440a706000080310a320a330a000000007330945c', 'hex')],
  ];
  for (const [encoding, body] of bodies) {
    const headers = { 'Content-Encoding': encoding };
    const answer = await send(inUrl(`INSERT INTO ${table} FORMAT TSV`), { body, headers });
    assert.equal(answer.status, 200, `${encoding}: ${answer.body}`);
    assert.equal(JSON.parse(answer.headers['x-clickhouse-summary'] as string).written_rows, '3', encoding);
    const whole = await send('/', {
      body: encoding === 'gzip' ? gzipSync('SELECT 1') : 'SELECT 1',
      headers: encoding === 'gzip' ? headers : {},
    });
    assert.equal(whole.body.toString(), '1\n');
  }
  const refused = await send(inUrl(`INSERT INTO ${table} FORMAT TSV`), {
    body: plain,
    headers: { 'Content-Encoding': 'snappy' },
  });
  assert.equal(refused.status, 415);
  assert.match(refused.body.toString(), /Unknown Content-Encoding 'snappy'; known are gzip, deflate, br, zstd, lz4/);
});

test('encodes answers as the client accepts', async () => {
  const path = inUrl('SELECT 1', '&enable_http_compression=1');
  const zipped = await send(path, { headers: { 'Accept-Encoding': 'gzip, zstd' } });
  assert.equal(zipped.headers['content-encoding'], 'gzip');
  assert.equal(gunzipSync(zipped.body).toString(), '1\n');
  const zstd = await send(path, { headers: { 'Accept-Encoding': 'snappy, zstd' } });
  assert.equal(zstdDecompressSync(zstd.body).toString(), '1\n');
  assert.equal((await send(inUrl('SELECT 1'), { headers: { 'Accept-Encoding': 'gzip' } })).body.toString(), '1\n');
});

test('binds parameters and forgets them', async () => {
  const query =
    'SELECT {text:String} AS text, {list:Array(String)} AS list, {none:Nullable(UInt8)} AS none, {db:Identifier}.one.dummy AS dummy FROM system.one';
  const query_params = { text: "it's\n\t\\", list: ["a'b", 'c\\d'], none: null, db: 'system' };
  const answer = await client.query({ query, query_params, format: 'JSONEachRow' });
  assert.deepEqual(await answer.json(), [{ text: "it's\n\t\\", list: ["a'b", 'c\\d'], none: null, dummy: 0 }]);
  await assert.rejects(
    client.query({ query: 'SELECT {text:String}' }),
    (error: ClickHouseError) => error.code === '456',
  );
});

test('settings hold for one request only', async () => {
  const answer = await client.query({
    query: "SELECT getSetting('max_threads') AS n",
    clickhouse_settings: { max_threads: 5 },
    format: 'JSONEachRow',
  });
  assert.deepEqual(await answer.json(), [{ n: 5 }]);
  for (let i = 0; i < 20; i++) assert.notEqual(await scalar("SELECT getSetting('max_threads')"), 5);
});

test('a session keeps its settings and temporary tables, not those of a request', async () => {
  const session_id = randomUUID();
  await client.command({ query: 'CREATE TEMPORARY TABLE mine (a UInt8)', session_id });
  await client.command({ query: 'SET max_threads = 3', session_id });
  await client.insert({ table: 'mine', values: [{ a: 1 }], format: 'JSONEachRow', session_id });
  const ask = async (clickhouse_settings = {}) => {
    const query = "SELECT count() AS rows, getSetting('max_threads') AS threads FROM mine";
    return (await client.query({ query, session_id, clickhouse_settings, format: 'JSONEachRow' })).json();
  };
  assert.deepEqual(await ask({ max_threads: 2 }), [{ rows: 1, threads: 2 }]);
  assert.deepEqual(await ask(), [{ rows: 1, threads: 3 }]);
  await assert.rejects(client.query({ query: 'SELECT * FROM mine' }), (error: ClickHouseError) => error.code === '60');
  const absent = await send(inUrl('SELECT 1', `&session_id=${randomUUID()}&session_check=1`));
  assert.equal(absent.headers['x-clickhouse-exception-code'], '372');
});

test('a session expires', async () => {
  const session = `&session_id=${randomUUID()}&session_timeout=0`;
  assert.equal((await send(inUrl('SET max_threads = 3', session))).status, 200);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal((await send(inUrl('SELECT 1', `${session}&session_check=1`))).status, 400);
});

test('exceptions come with code, name and version', async () => {
  await assert.rejects(client.query({ query: 'SELECT * FROM otel.nothing' }), (error: ClickHouseError) => {
    assert.equal(error.code, '60');
    assert.equal(error.type, 'UNKNOWN_TABLE');
    return true;
  });
  const answer = await send('/', { body: 'SELEC 1' });
  assert.equal(answer.status, 400);
  assert.match(
    answer.body.toString(),
    /^Code: 62\. DB::Exception: Syntax error: .*\(SYNTAX_ERROR\) \(version [\d.]+ \(official build\)\)\n$/s,
  );
  assert.equal((await send(inUrl('SELECT 1', '&no_such_setting=1'))).headers['x-clickhouse-exception-code'], '115');
});

test('an exception amid the rows is told in the body', async () => {
  const answer = await client.query({
    query: "SELECT number, throwIf(number = 300000, 'too far') FROM numbers(400000) SETTINGS max_block_size = 1000",
    format: 'JSONEachRow',
  });
  await assert.rejects(
    (async () => {
      for await (const _ of answer.stream());
    })(),
    (error: ClickHouseError) => error.code === '395',
  );
});

test('streams with bounded memory', async () => {
  const before = residentBytes(store.supervisor.pid()!);
  const answer = await client.query({ query: 'SELECT number, number * 2 FROM numbers(8000000)', format: 'CSV' });
  let bytes = 0;
  for await (const rows of answer.stream()) for (const row of rows) bytes += row.text.length;
  assert.ok(bytes > 100_000_000);
  assert.ok(residentBytes(store.supervisor.pid()!) - before < 80 << 20);
});

test('a client that leaves ends its query', async () => {
  const gone = new AbortController();
  const query = 'SELECT count() FROM numbers(1000000000000) SETTINGS max_execution_time = 0';
  const answer = client.query({ query, abort_signal: gone.signal, format: 'JSON' });
  await until(async () => (await runningLike('numbers(1000000000000)')) === 1);
  gone.abort();
  await assert.rejects(answer);
  await until(async () => (await runningLike('numbers(1000000000000)')) === 0);
});

test('KILL QUERY finds queries by the id their client gave them', async () => {
  const query_id = randomUUID();
  const answer = client.query({ query: 'SELECT count() FROM numbers(1000000000001)', query_id, format: 'JSON' });
  const outcome = assert.rejects(answer, (error: ClickHouseError) => error.code === '394');
  await until(async () => (await runningLike('numbers(1000000000001)')) === 1);
  await client.command({ query: `KILL QUERY WHERE query_id = '${query_id}'` });
  await outcome;
});

test('a retried token writes nothing more, in materialized views either', async () => {
  const settings = 'SETTINGS non_replicated_deduplication_window = 100';
  const table = await createTable('id UInt64', settings);
  const target = await createTable('id UInt64', settings);
  await client.command({ query: `CREATE MATERIALIZED VIEW ${target}_mv TO ${target} AS SELECT id FROM ${table}` });
  for (const token of ['a', 'a', 'b']) {
    const clickhouse_settings = {
      insert_deduplication_token: token,
      deduplicate_blocks_in_dependent_materialized_views: 1 as const,
    };
    await client.insert({ table, values: [{ id: 1 }, { id: 2 }], format: 'JSONEachRow', clickhouse_settings });
  }
  assert.equal(await scalar(`SELECT count() FROM ${table}`), 4);
  assert.equal(await scalar(`SELECT count() FROM ${target}`), 4);
});

test('GET changes nothing', async () => {
  const table = await createTable('a UInt8');
  const answer = await send(inUrl('CREATE TABLE otel.by_get (a UInt8) ENGINE = Memory'), { method: 'GET' });
  assert.equal(answer.headers['x-clickhouse-exception-code'], '164');
  assert.equal((await send(inUrl(`INSERT INTO ${table} VALUES (1)`), { method: 'GET' })).status, 500);
});

test('reaches no files of the machine', async () => {
  const statements = [
    "SELECT 1 INTO OUTFILE '/tmp/x'",
    "INSERT INTO otel.t FROM INFILE '/etc/passwd' FORMAT TSV",
    "SELECT * FROM file('/etc/passwd', 'TSV')",
    "INSERT INTO FUNCTION file('/tmp/x', 'TSV') SELECT 1",
    "INSERT INTO FUNCTION file('/tmp/x', 'TSV', 'a UInt8') VALUES (1)",
    'CREATE TABLE otel.f (a UInt8) ENGINE = `File`(TSV)',
    "SELECT * FROM executable('id', TSV, 'a String')",
  ];
  for (const body of statements) {
    const code = (await send('/', { body })).headers['x-clickhouse-exception-code'];
    assert.ok(code === '1' || code === '497', `${body}: ${code}`);
  }
});

test('refuses several statements, and pages of other sites', async () => {
  assert.equal((await send('/', { body: 'SELECT 1; SELECT 2' })).headers['x-clickhouse-exception-code'], '62');
  assert.equal((await send('/', { body: 'SELECT 1', headers: { Origin: 'https://example.org' } })).status, 403);
  assert.equal((await send('/', { body: 'SELECT 1', headers: { Origin: 'http://localhost:3000' } })).status, 200);
});

test('statements run side by side', async () => {
  const answers = Promise.all(Array.from({ length: 4 }, () => scalar('SELECT sleep(2)')));
  await until(async () => (await runningLike('sleep(2)')) === 4);
  await answers;
});

test('exec passes other formats through', async () => {
  const answer = await client.exec({ query: 'SELECT number FROM numbers(10) FORMAT Parquet' });
  const chunks: Buffer[] = [];
  for await (const chunk of answer.stream) chunks.push(chunk);
  assert.equal(Buffer.concat(chunks).toString('latin1', 0, 4), 'PAR1');
});

async function runningLike(text: string): Promise<unknown> {
  return scalar(
    `SELECT count() FROM system.processes WHERE position(query, '${text.slice(0, -1)}' || ')') > 0 AND query NOT LIKE '%system.processes%'`,
  );
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 200; i++) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  assert.fail('it did not happen within 5 s');
}

function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)![1]) * 1024;
}
