/** The exporter against the real engine: stored exactly once, whatever goes wrong; and against servers in trouble. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createStoreClient } from '../../clickhouse/client.ts';
import { openTestStore } from '../../clickhouse/embedded/testing/store.ts';
import type { Exporter } from '../../component/define.ts';
import { sampleBatch } from '../../component/testing/batches.ts';
import { type TestContext as ComponentContext, createTestContext } from '../../component/testing/context.ts';
import type { ClickHouseConfig } from './config.ts';
import definition from './index.ts';

interface Running {
  exporter: Exporter;
  component: ComponentContext<ClickHouseConfig>;
  spool: string;
}

async function startExporter(context: TestContext, endpoint: string, options: Record<string, unknown> = {}) {
  const directory = (options.directory as string) ?? mkdtempSync(join(tmpdir(), 'clickhouse-'));
  context.after(() => rmSync(directory, { recursive: true, force: true }));
  const config = definition.config.parse({
    endpoint,
    batch: { flush_interval: '20ms' },
    retry: { initial_interval: '20ms', max_interval: '100ms' },
    shutdown_timeout: '10s',
    ...(options.config as object),
    spool: { directory, ...(options.spool as object) },
  });
  const component = createTestContext(config, { id: 'clickhouse' });
  const exporter = definition.create(component);
  await exporter.start?.();
  return { exporter, component, spool: join(directory, 'clickhouse/worker-0') } satisfies Running;
}

/** An exporter whose store has its schema, which on a busy machine may come after the start. */
async function startReady(context: TestContext, endpoint: string, options: Record<string, unknown> = {}) {
  const running = await startExporter(context, endpoint, options);
  await until('the schema is there', () => running.component.statuses.at(-1)?.status !== 'recoverable_error');
  return running;
}

async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; i < 1000; i++) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail(`never: ${what}`);
}

const segmentsIn = (directory: string) => readdirSync(directory).filter((file) => file.endsWith('.segment'));

function clientOf(context: TestContext, endpoint: string) {
  const client = createStoreClient({
    endpoint,
    username: 'default',
    password: '',
    compression: 'none',
    timeoutMs: 20_000,
  });
  context.after(() => client.close());
  return client;
}

test('all signals arrive, are counted, and leave no file behind', async (context) => {
  const store = await openTestStore(context);
  for (const compression of ['none', 'gzip', 'zstd']) {
    const { exporter, component, spool } = await startReady(context, `unix:${store.socketPath}`, {
      config: { compression, database: `otel_${compression}` },
    });
    await Promise.all(
      (['traces', 'logs', 'metrics', 'profiles'] as const).flatMap((signal) => [
        exporter.consume(sampleBatch(signal, 5)),
        exporter.consume(sampleBatch(signal, 6)),
      ]),
    );
    await until('all is sent', () => component.metric('exporter_insert_duration_count') === 4);
    await exporter.shutdown?.();
    for (const table of ['spans', 'logs', 'samples', 'profile_samples']) {
      const rows = await store.client.query({
        query: `SELECT count() AS c FROM otel_${compression}.${table}`,
        format: 'JSONEachRow',
      });
      assert.equal(Number((await rows.json<{ c: number }>())[0]!.c), 11, `${table} with compression ${compression}`);
    }
    assert.equal(component.metric('exporter_sent_spans'), 11);
    assert.equal(component.metric('exporter_sent_metric_points'), 11);
    assert.equal(component.metric('exporter_insert_duration_count'), 4);
    assert.equal(component.metric('exporter_spool_size'), 0);
    assert.deepEqual(segmentsIn(spool), []);
  }
});

test('a segment that is sent again is stored once, in tables and in what views derive from them', async (context) => {
  const store = await openTestStore(context);
  const endpoint = `unix:${store.socketPath}`;
  const directory = mkdtempSync(join(tmpdir(), 'clickhouse-'));
  const away = await startExporter(context, 'unix:/nowhere/http.sock', { directory });
  await away.exporter.consume(sampleBatch('traces', 9));
  await away.exporter.consume(sampleBatch('metrics', 4));
  await away.exporter.shutdown?.();
  const copies = mkdtempSync(join(tmpdir(), 'clickhouse-'));
  context.after(() => rmSync(copies, { recursive: true, force: true }));
  for (const file of segmentsIn(away.spool)) copyFileSync(join(away.spool, file), join(copies, file));

  const client = clientOf(context, endpoint);
  for (let round = 0; round < 3; round++) {
    // As after a crash between ClickHouse's answer and the deletion of the file: the same segment comes again.
    mkdirSync(away.spool, { recursive: true });
    for (const file of readdirSync(copies)) copyFileSync(join(copies, file), join(away.spool, file));
    const { exporter, component } = await startReady(context, endpoint, { directory });
    await until('sent', () => component.metric('exporter_spool_size') === 0);
    await exporter.shutdown?.();
    assert.deepEqual(
      await client.query(
        'SELECT (SELECT count() FROM otel.spans) AS spans, (SELECT count() FROM otel.trace_ranges) AS ranges, (SELECT count() FROM otel.samples) AS samples, (SELECT count() FROM otel.series) AS series',
      ),
      [{ spans: '9', ranges: '1', samples: '4', series: '1' }],
    );
    // A view that missed its part of an insert gets it from the repetition.
    if (round === 1) await client.command('TRUNCATE TABLE otel.trace_ranges');
  }
});

test('a segment of several blocks that is sent again is stored once', async (context) => {
  const store = await openTestStore(context);
  const endpoint = `unix:${store.socketPath}`;
  const client = clientOf(context, endpoint);
  const directory = mkdtempSync(join(tmpdir(), 'clickhouse-'));
  const away = await startExporter(context, 'unix:/nowhere/http.sock', {
    directory,
    config: { batch: { max_rows: 1_000_000, flush_interval: '60s' } },
  });
  // 3 messages of 6 MiB: two groups of columns, so two blocks in one insert.
  const batch = sampleBatch('traces', 60_000);
  assert.ok(batch.sizeBytes > 5 << 20, `${batch.sizeBytes} bytes`);
  for (let i = 0; i < 3; i++) await away.exporter.consume(batch);
  await away.exporter.shutdown?.();
  const [file] = segmentsIn(away.spool);
  const bytes = readFileSync(join(away.spool, file!));
  for (let round = 0; round < 2; round++) {
    writeFileSync(join(away.spool, file!), bytes);
    const { exporter, component } = await startReady(context, endpoint, { directory });
    await until('sent', () => component.metric('exporter_sent_spans') === 180_000);
    await exporter.shutdown?.();
    assert.deepEqual(await client.query('SELECT count() AS c FROM otel.spans'), [{ c: '180000' }]);
  }
});

test('data waits while ClickHouse is away, and arrives once it is back', async (context) => {
  const store = await openTestStore(context);
  const { exporter, component } = await startReady(context, `unix:${store.socketPath}`);
  const client = clientOf(context, `unix:${store.socketPath}`);
  await exporter.consume(sampleBatch('traces', 1));
  await until('the first is stored', () => component.metric('exporter_sent_spans') === 1);
  process.kill(store.supervisor.pid()!, 'SIGKILL');
  for (let i = 0; i < 20; i++) await exporter.consume(sampleBatch('traces', 5, `while away ${i}`));
  await until('the rest is stored', () => component.metric('exporter_sent_spans') === 101);
  assert.deepEqual(await client.query('SELECT count() AS c FROM otel.spans'), [{ c: '101' }]);
  await exporter.shutdown?.();
});

test('a database that somebody dropped is made again', async (context) => {
  const store = await openTestStore(context);
  const { exporter, component } = await startReady(context, `unix:${store.socketPath}`);
  const client = clientOf(context, `unix:${store.socketPath}`);
  await client.command('DROP DATABASE otel SYNC');
  await exporter.consume(sampleBatch('metrics', 2));
  await until('stored', () => component.metric('exporter_sent_metric_points') === 2);
  assert.deepEqual(await client.query('SELECT count() AS c FROM otel.otel_metrics_gauge'), [{ c: '2' }]);
  await exporter.shutdown?.();
});

test('data that ClickHouse can never take is put aside, loudly, and holds up nothing', async (context) => {
  const store = await openTestStore(context);
  const { exporter, component, spool } = await startReady(context, `unix:${store.socketPath}`);
  const client = clientOf(context, `unix:${store.socketPath}`);
  // A constraint is a refusal of the data itself: code 469, which this exporter does not know.
  await client.command("ALTER TABLE otel.spans ADD CONSTRAINT no_poison CHECK name != 'poison'");
  await exporter.consume(sampleBatch('traces', 3, 'poison'));
  await until('put aside', () => component.metric('exporter_rejected_segments') === 1);
  await exporter.consume(sampleBatch('traces', 2, 'good'));
  await exporter.shutdown?.();
  assert.equal(component.metric('exporter_sent_spans'), 2);
  assert.equal(component.metric('exporter_send_failed_spans'), 3);
  assert.equal(segmentsIn(join(spool, 'rejected')).length, 1);
  const loud = component.logged.find(({ level }) => level === 'error')!;
  assert.match(loud.message, /put aside\. To try again, move the file back/);
  assert.match(String(loud.fields.error), /no_poison/);
});

test('a spool without room refuses new data with the reason, and takes it again when there is room', async (context) => {
  const { exporter, component } = await startExporter(context, 'unix:/nowhere/http.sock', {
    spool: { max_size: 2000 },
  });
  await until('trouble is known', () => component.statuses.some(({ status }) => status === 'recoverable_error'));
  await exporter.consume(sampleBatch('traces', 5));
  await assert.rejects(exporter.consume(sampleBatch('traces', 50)), {
    permanent: false,
    message:
      /^spool is full .* because ClickHouse at unix:\/nowhere\/http\.sock cannot be reached \(ENOENT.*clickhouse_embedded/,
  });
  assert.equal(component.metric('exporter_enqueue_failed_spans'), 50);
  await exporter.shutdown?.();
});

/** A server that answers every insert with one error of ClickHouse, and other statements as an empty ClickHouse would. */
async function brokenServer(
  context: TestContext,
  answer: { version?: string; code?: number; text?: string; slow?: boolean; silent?: boolean },
) {
  const server: Server = createServer((request, response) => {
    const url = new URL(request.url!, 'http://x');
    let body = '';
    request.setEncoding('latin1');
    request.on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      if (answer.silent) return;
      const sql = url.searchParams.get('query') ?? body;
      if (sql.startsWith('INSERT') && !sql.includes('schema_migrations')) {
        if (answer.slow) return;
        response.writeHead(500, { 'X-ClickHouse-Exception-Code': String(answer.code) });
        response.end(`Code: ${answer.code}. DB::Exception: ${answer.text}. (version 26.7.2.1)`);
      } else if (sql.includes('version()')) response.end(`{"version":"${answer.version ?? '26.7.2.1'}"}\n`);
      else response.end('');
    });
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

// What follows cannot be made to happen in the embedded engine at will, so a server that gives the same answers stands
// in for it: only status, header and text of the error matter here.

test('a ClickHouse that is too old ends the start with what to do', async (context) => {
  const endpoint = await brokenServer(context, { version: '23.8.16.16' });
  await assert.rejects(startExporter(context, endpoint), {
    code: 'STORE_TOO_OLD',
    message: `ClickHouse at ${endpoint} is version 23.8.16.16; 24 or newer is needed: upgrade the server`,
  });
});

for (const [name, code, text, advice] of [
  ['a full disk', 243, 'Cannot reserve 1.00 MiB (NOT_ENOUGH_SPACE)', 'its disk is full; free space or lower `ttl`'],
  [
    'a read-only replica',
    242,
    'Table is in readonly mode (TABLE_IS_READ_ONLY)',
    'the replica has probably lost its Keeper session',
  ],
  [
    'a user that may only read',
    164,
    'Cannot execute query in readonly mode (READONLY)',
    'the user may only read; give it INSERT',
  ],
  [
    'too little memory',
    241,
    'memory limit exceeded (MEMORY_LIMIT_EXCEEDED)',
    'raise its memory limit or lower `batch::max_rows`',
  ],
  ['too many parts', 252, 'Too many parts (TOO_MANY_PARTS)', 'raise `batch::flush_interval`'],
  ['a wrong password', 516, 'Authentication failed (AUTHENTICATION_FAILED)', 'check `username` and `password`'],
] as const) {
  test(`with ${name} the data waits, and the operator reads why`, async (context) => {
    const endpoint = await brokenServer(context, { code, text });
    const { exporter, component, spool } = await startExporter(context, endpoint);
    await exporter.consume(sampleBatch('traces', 2));
    await until('reported', () => component.statuses.some(({ message }) => message?.includes(advice)));
    await new Promise((resolve) => setTimeout(resolve, 300));
    await exporter.shutdown?.();
    assert.equal(segmentsIn(spool).length, 1);
    assert.equal(component.metric('exporter_send_failed_spans'), 0);
    assert.equal(component.logged.filter(({ level }) => level === 'warn').length, 1, 'told once, not at every attempt');
  });
}

test('a ClickHouse that does not answer is given up on, and the data waits', async (context) => {
  const endpoint = await brokenServer(context, { slow: true });
  const { exporter, component, spool } = await startExporter(context, endpoint, { config: { timeout: '200ms' } });
  await exporter.consume(sampleBatch('traces', 2));
  await until('reported', () =>
    component.statuses.some(({ message }) =>
      /did not answer within 0.2 s: it took too long; raise `timeout`/.test(message ?? ''),
    ),
  );
  await exporter.shutdown?.();
  assert.equal(segmentsIn(spool).length, 1);
});

test('a ClickHouse that says nothing at all holds up neither start nor shutdown for long', async (context) => {
  const endpoint = await brokenServer(context, { silent: true });
  const begun = Date.now();
  const { exporter, spool } = await startExporter(context, endpoint);
  await exporter.consume(sampleBatch('traces', 2));
  await exporter.shutdown?.();
  assert.ok(Date.now() - begun < 20_000);
  assert.equal(segmentsIn(spool).length, 1);
});
