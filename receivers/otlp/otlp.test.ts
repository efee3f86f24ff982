/** The OTLP receiver against real OpenTelemetry SDK exporters and curl-like clients. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { after, describe, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { ExportResultCode } from '@opentelemetry/core';
import { OTLPTraceExporter as GrpcTraceExporter } from '@opentelemetry/exporter-trace-otlp-grpc';
import { OTLPTraceExporter as JsonTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtoTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { Consumers } from '../../component/consumer.ts';
import { permanent, retryable } from '../../component/errors.ts';
import { parseConfig } from '../../component/parse.ts';
import { createTestContext } from '../../component/testing/context.ts';
import type { Batch } from '../../pdata/batch.ts';
import { readStatus } from '../../wire/grpc/status.ts';
import otlp from './index.ts';

const proto = { 'content-type': 'application/x-protobuf' };
const json = { 'content-type': 'application/json' };
const oneSpan = JSON.stringify({
  resourceSpans: [
    {
      scopeSpans: [
        {
          spans: [{ traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', name: 'GET /', kind: 2 }],
        },
      ],
    },
  ],
});

interface Running {
  grpcUrl: string;
  httpUrl: string;
  context: ReturnType<typeof createTestContext>;
  batches: Batch[];
}

const running: { shutdown(): Promise<void> }[] = [];
after(() => Promise.all(running.map((receiver) => receiver.shutdown())));

async function start(consume?: (batch: Batch) => Promise<void>, options: object = {}): Promise<Running> {
  const batches: Batch[] = [];
  const take = async (batch: Batch) => {
    await consume?.(batch);
    batches.push(batch);
  };
  const parsed = parseConfig(otlp.config, {
    protocols: { grpc: { endpoint: '127.0.0.1:0' }, http: { endpoint: '127.0.0.1:0', ...options } },
  });
  assert.ok(parsed.ok);
  const context = createTestContext(parsed.value, { id: 'otlp' });
  const receiver = otlp.create(context, { traces: take, logs: take } satisfies Consumers);
  await receiver.start!();
  running.push({ shutdown: () => receiver.shutdown!() });
  const [grpc, http] = context.listeners;
  return { grpcUrl: grpc!.url, httpUrl: http!.url, context, batches };
}

function spans() {
  const memory = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(memory)] });
  const tracer = provider.getTracer('test');
  for (let i = 0; i < 3; i++) tracer.startSpan(`span ${i}`, { attributes: { i, text: 'ü' } }).end();
  return memory.getFinishedSpans();
}

interface SpanExporter {
  export(spans: never, done: (result: { code: number; error?: Error }) => void): void;
  shutdown(): Promise<void>;
}

async function exportWith(exporter: SpanExporter): Promise<{ code: number; error?: Error }> {
  const result = await new Promise<{ code: number; error?: Error }>((resolve) => {
    exporter.export(spans() as never, resolve);
  });
  await exporter.shutdown();
  return result;
}

describe('real SDK exporters', () => {
  const exporters: [string, (at: Running, compression: 'none' | 'gzip') => unknown][] = [
    ['gRPC', (at, compression) => new GrpcTraceExporter({ url: at.grpcUrl, compression: compression as never })],
    [
      'HTTP protobuf',
      (at, compression) =>
        new ProtoTraceExporter({ url: `${at.httpUrl}/v1/traces`, compression: compression as never }),
    ],
    [
      'HTTP JSON',
      (at, compression) => new JsonTraceExporter({ url: `${at.httpUrl}/v1/traces`, compression: compression as never }),
    ],
  ];
  for (const [name, create] of exporters) {
    for (const compression of ['none', 'gzip'] as const) {
      test(`${name}, compression ${compression}`, async () => {
        const at = await start();
        const result = await exportWith(create(at, compression) as SpanExporter);
        assert.equal(result.code, ExportResultCode.SUCCESS, String(result.error));
        assert.equal(at.batches.length, 1);
        assert.equal(at.batches[0]!.items, 3);
        assert.equal(at.batches[0]!.signal, 'traces');
        assert.equal(at.context.metric('receiver_accepted_spans', { receiver: 'otlp' }), 3);
      });
    }
  }
});

test('answers only after the next consumer resolved', async () => {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const at = await start(() => held);
  let answered = false;
  const response = fetch(`${at.httpUrl}/v1/traces`, { method: 'POST', headers: json, body: oneSpan }).then((r) => {
    answered = true;
    return r;
  });
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(answered, false);
  release();
  assert.equal((await response).status, 200);
});

describe('HTTP answers', () => {
  const cases: [string, RequestInit & { path?: string }, number, string, string][] = [
    ['an empty protobuf request is success', { headers: proto, body: '' }, 200, 'application/x-protobuf', ''],
    [
      'an empty JSON request is success',
      { headers: json, body: '{}' },
      200,
      'application/json',
      '{"partialSuccess":{}}',
    ],
    ['GET', { method: 'GET' }, 405, 'text/plain; charset=utf-8', '405 method not allowed, supported: [POST]'],
    [
      'another content type',
      { headers: { 'content-type': 'text/xml' }, body: 'x' },
      415,
      'text/plain; charset=utf-8',
      '415 unsupported media type, supported: [application/json, application/x-protobuf]',
    ],
    [
      'another path',
      { path: '/v1/spans', headers: json, body: '{}' },
      404,
      'text/plain; charset=utf-8',
      '404 page not found',
    ],
    [
      'a signal that no pipeline uses',
      { path: '/v1/metrics', headers: json, body: '{}' },
      404,
      'text/plain; charset=utf-8',
      '404 page not found',
    ],
    [
      'gzip',
      { headers: { ...json, 'content-encoding': 'gzip' }, body: gzipSync(oneSpan) },
      200,
      'application/json',
      '{"partialSuccess":{}}',
    ],
    [
      'zstd',
      { headers: { ...json, 'content-encoding': 'zstd' }, body: zstdCompressSync(oneSpan) },
      200,
      'application/json',
      '{"partialSuccess":{}}',
    ],
  ];
  for (const [name, { path = '/v1/traces', ...init }, status, type, body] of cases) {
    test(name, async () => {
      const at = await start();
      const response = await fetch(at.httpUrl + path, { method: 'POST', ...init });
      assert.equal(response.status, status);
      assert.equal(response.headers.get('content-type'), type);
      assert.equal(await response.text(), body);
    });
  }

  const bad: [string, Record<string, string>, RequestInit['body'], RegExp][] = [
    ['malformed protobuf', proto, Buffer.from('0aff', 'hex'), /./],
    ['malformed JSON', json, '{"resourceSpans": [', /./],
    ['malformed gzip', { ...proto, 'content-encoding': 'gzip' }, 'no gzip', /decompress/],
    ['an unknown encoding', { ...proto, 'content-encoding': 'br' }, 'x', /unsupported Content-Encoding: br/],
    ['an oversized body', proto, Buffer.alloc(3000), /request body too large/],
    ['an oversized chunked body', proto, new Blob([Buffer.alloc(3000)]).stream(), /request body too large/],
    ['a bomb', { ...proto, 'content-encoding': 'gzip' }, gzipSync(Buffer.alloc(3_000_000)), /request body too large/],
  ];
  for (const [name, headers, body, message] of bad) {
    test(`${name} is 400 with a Status in the encoding of the request`, async () => {
      const at = await start(undefined, { max_request_body_size: 2500 });
      const init = { method: 'POST', headers, body, duplex: 'half' } as RequestInit;
      const response = await fetch(`${at.httpUrl}/v1/traces`, init);
      assert.equal(response.status, 400);
      assert.equal(response.headers.get('content-type'), headers['content-type']);
      const bytes = Buffer.from(await response.arrayBuffer());
      const isJson = headers['content-type'] === 'application/json';
      const status = isJson ? JSON.parse(bytes.toString()) : readStatus(bytes);
      assert.ok(isJson ? status.code === 3 : status.code === 'INVALID_ARGUMENT', JSON.stringify(status));
      assert.match(status.message, message);
      assert.equal(at.batches.length, 0);
    });
  }
});

describe('errors of the pipeline become the status that OTLP prescribes', () => {
  const cases: [Error, number, number, string | null][] = [
    [retryable('busy'), 503, 14, null],
    [permanent('no'), 500, 13, null],
    [new Error('a bug'), 503, 14, null],
    [retryable('wait', { retryAfterMs: 1500 }), 503, 14, '2'],
    [retryable('limit', { grpcCode: 'RESOURCE_EXHAUSTED', retryAfterMs: 3000 }), 429, 8, '3'],
    [permanent('bad', { grpcCode: 'INVALID_ARGUMENT' }), 400, 3, null],
    [permanent('who', { grpcCode: 'UNAUTHENTICATED' }), 401, 16, null],
    [permanent('may not', { grpcCode: 'PERMISSION_DENIED' }), 403, 7, null],
    [permanent('cannot', { grpcCode: 'UNIMPLEMENTED' }), 404, 12, null],
    [retryable('late', { grpcCode: 'DEADLINE_EXCEEDED' }), 503, 4, null],
  ];
  for (const [error, httpStatus, code, retryAfter] of cases) {
    test(`${error.message}: ${httpStatus}`, async () => {
      const at = await start(() => Promise.reject(error));
      const response = await fetch(`${at.httpUrl}/v1/traces`, { method: 'POST', headers: json, body: oneSpan });
      assert.equal(response.status, httpStatus);
      assert.equal(response.headers.get('retry-after'), retryAfter);
      const status = (await response.json()) as { code: number; message: string };
      assert.deepEqual([status.code, status.message], [code, error.message]);
      const result = await exportWith(new GrpcTraceExporter({ url: at.grpcUrl, timeoutMillis: 300 }) as never);
      assert.equal(result.code, ExportResultCode.FAILED);
      const counted = at.context.metric('receiver_refused_spans') + at.context.metric('receiver_failed_spans');
      assert.ok(counted >= 4, `${counted}`);
    });
  }
});

describe('configuration', () => {
  test('an empty protocol block means its defaults', () => {
    const parsed = parseConfig(otlp.config, { protocols: { grpc: null, http: null } });
    assert.ok(parsed.ok);
    assert.equal(parsed.value.protocols.grpc!.endpoint, 'localhost:4317');
    assert.equal(parsed.value.protocols.http!.endpoint, 'localhost:4318');
  });

  for (const input of [null, {}, { protocols: null }, { protocols: {} }]) {
    test(`${JSON.stringify(input)} names what is missing`, () => {
      const parsed = parseConfig(otlp.config, input);
      assert.ok(!parsed.ok);
      const message = 'must specify at least one protocol when using the OTLP receiver';
      assert.deepEqual(parsed.issues, [{ path: [], message }]);
    });
  }

  test('a port that is taken is an error that says what to do', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const parsed = parseConfig(otlp.config, { protocols: { grpc: { endpoint: `127.0.0.1:${port}` } } });
    assert.ok(parsed.ok);
    const receiver = otlp.create(createTestContext(parsed.value, { id: 'otlp' }), {});
    await assert.rejects(receiver.start!(), {
      code: 'ADDRESS_IN_USE',
      message: `receivers::otlp::protocols::grpc::endpoint: port ${port} is taken by another process; change it or stop that process`,
    });
    other.close();
  });
});

describe('refuses in YAML', () => {
  const cases: [string, object, string[], RegExp][] = [
    [
      'an address that is none',
      { grpc: { endpoint: 'localhost' } },
      ['protocols', 'grpc', 'endpoint'],
      /write host:port/,
    ],
    [
      'request metadata',
      { http: { include_metadata: true } },
      ['protocols', 'http', 'include_metadata'],
      /remove include_metadata/,
    ],
    [
      'a path without slash',
      { http: { logs_url_path: 'logs' } },
      ['protocols', 'http', 'logs_url_path'],
      /begins with \//,
    ],
    [
      'an unknown key',
      { grpc: { max_recv_msg_size: 4 } },
      ['protocols', 'grpc', 'max_recv_msg_size'],
      /max_recv_msg_size_mib/,
    ],
  ];
  for (const [name, protocols, path, message] of cases) {
    test(name, () => {
      const parsed = parseConfig(otlp.config, { protocols });
      assert.ok(!parsed.ok);
      assert.deepEqual(parsed.issues[0]!.path, path);
      assert.match(parsed.issues[0]!.message, message);
    });
  }
});
