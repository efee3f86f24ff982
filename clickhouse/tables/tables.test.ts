/** Every stored table, written as Native blocks and read back by the real engine through the views of upstream tools. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Signal } from '../../pdata/batch.ts';
import { jsonToWire } from '../../pdata/otlp/json.ts';
import { createStoreClient, type StoreClient } from '../client.ts';
import { openTestStore } from '../embedded/testing/store.ts';
import { createEncoderMemory, insertsOf } from '../inserts.ts';
import { migrate } from '../migrations.ts';

/** 2026-01-01, in days since 1970. */
const receivedDay = 20_454;
const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanId = 'b7ad6b7169203331';

const everyKind = [
  { key: 'text', value: { stringValue: 'naïve "text" \\' } },
  { key: 'yes', value: { boolValue: true } },
  { key: 'big', value: { intValue: '-9223372036854775808' } },
  { key: 'small', value: { intValue: '7' } },
  { key: 'ratio', value: { doubleValue: 0.1 } },
  { key: 'raw', value: { bytesValue: 'AAEC/w==' } },
  {
    key: 'list',
    value: { arrayValue: { values: [{ stringValue: 'a"\n' }, { intValue: '1' }, { doubleValue: 2 }, {}] } },
  },
  { key: 'map', value: { kvlistValue: { values: [{ key: 'k', value: { boolValue: false } }] } } },
  { key: 'nothing', value: {} },
];
const everyKindAsText = {
  text: 'naïve "text" \\',
  yes: 'true',
  big: '-9223372036854775808',
  small: '7',
  ratio: '0.1',
  raw: 'AAEC/w==',
  list: '["a\\"\\u000a",1,2.0,null]',
  map: '{"k":false}',
  nothing: '',
};
const resource = {
  attributes: [
    { key: 'service.name', value: { stringValue: 'shop' } },
    { key: 'process.pid', value: { intValue: '42' } },
  ],
  droppedAttributesCount: 3,
};
const resourceAsText = { 'service.name': 'shop', 'process.pid': '42' };
const scope = {
  name: 'lib',
  version: '1.2',
  attributes: [{ key: 'scoped', value: { boolValue: true } }],
  droppedAttributesCount: 1,
};

describe('stored tables', () => {
  let client: StoreClient;
  let close: () => Promise<void> | void;

  before(async () => {
    const store = await openTestStore({
      after(cleanUp) {
        close = cleanUp;
      },
    });
    client = createStoreClient({
      endpoint: `unix:${store.socketPath}`,
      username: 'default',
      password: '',
      compression: 'none',
      timeoutMs: 30_000,
    });
    await migrate(client, { database: 'otel', cluster: '', ttlSeconds: 0 });
  });

  after(async () => {
    await client.close();
    await close();
  });

  async function store(signal: Signal, requests: unknown[], token: string, memory = createEncoderMemory(100, 1 << 20)) {
    const messages = requests.map((request) => jsonToWire(signal, Buffer.from(JSON.stringify(request))));
    const wire = { signal, groups: [{ messages, items: messages.map(() => 1) }], receivedDay };
    for (const { table, columns, chunks } of insertsOf(wire, memory)) {
      await client.insertNative(chunks, { database: 'otel', table, columns, token: `${token}:${table}` });
    }
  }

  test('a connection’s lists of reasons and counts come back', async () => {
    const record = (...attributes: [key: string, value: unknown][]) => ({
      timeUnixNano: '1767225600123456789',
      eventName: 'deepflow.flow',
      attributes: attributes.map(([key, value]) => ({ key, value })),
    });
    const list = (...values: unknown[]) => ({ arrayValue: { values } });
    const logRecords = [
      record(
        ['deepflow.flow.drop.reasons', list({ stringValue: 'tcp_old_data' }, {}, { stringValue: 'x'.repeat(300) })],
        ['deepflow.flow.drop.counts', list({ intValue: '3' }, { intValue: '1' }, { intValue: '300' })],
        ['deepflow.flow.tcp.error', { stringValue: 'ECONNREFUSED' }],
      ),
      record(['deepflow.flow.drop.reasons', { stringValue: 'no list' }]),
      record(['deepflow.flow.drop.reasons', list({ intValue: '7' })]),
    ];
    await store('logs', [{ resourceLogs: [{ resource, scopeLogs: [{ scope, logRecords }] }] }], 'drops');
    const rows = await client.query<Record<string, unknown>>(
      'SELECT drop_reasons, drop_counts, tcp_error FROM otel.flow_log ORDER BY length(drop_reasons) DESC',
    );
    assert.deepEqual(rows, [
      {
        drop_reasons: ['tcp_old_data', '', 'x'.repeat(300)],
        drop_counts: ['3', '1', '300'],
        tcp_error: 'ECONNREFUSED',
      },
      { drop_reasons: [''], drop_counts: [], tcp_error: '' },
      { drop_reasons: [], drop_counts: [], tcp_error: '' },
    ]);
  });

  test('a span comes back as the upstream exporter would have stored it', async () => {
    const span = {
      traceId,
      spanId,
      traceState: 'a=b',
      name: 'GET /',
      kind: 2,
      startTimeUnixNano: '1767225600123456789',
      endTimeUnixNano: '1767225600123456788',
      attributes: everyKind,
      droppedAttributesCount: 4,
      droppedEventsCount: 5,
      droppedLinksCount: 6,
      flags: 257,
      status: { code: 2, message: 'broken' },
      events: [
        {
          timeUnixNano: '1767225600000000001',
          name: 'first',
          attributes: everyKind.slice(0, 2),
          droppedAttributesCount: 9,
        },
        { timeUnixNano: '1767225600000000002', name: 'second' },
      ],
      links: [
        { traceId, spanId, traceState: 'c=d', attributes: everyKind.slice(3, 4), flags: 1, droppedAttributesCount: 2 },
      ],
    };
    const child = { traceId, spanId: 'b7ad6b7169203332', parentSpanId: spanId, name: 'child', kind: 3 };
    await store('traces', [requestOf('traces', [span, child])], 'spans');

    const [row, second] = await client.query<Record<string, unknown>>(
      'SELECT *, toUnixTimestamp64Nano(Timestamp) AS ns FROM otel.otel_traces ORDER BY SpanId',
    );
    assert.deepEqual(row, {
      Timestamp: '2026-01-01 00:00:00.123456789',
      ns: '1767225600123456789',
      TraceId: traceId,
      SpanId: spanId,
      ParentSpanId: '',
      TraceState: 'a=b',
      SpanName: 'GET /',
      SpanKind: 'Server',
      ServiceName: 'shop',
      ResourceAttributes: resourceAsText,
      ScopeName: 'lib',
      ScopeVersion: '1.2',
      SpanAttributes: everyKindAsText,
      Duration: '18446744073709551615',
      StatusCode: 'Error',
      StatusMessage: 'broken',
      'Events.Timestamp': ['2026-01-01 00:00:00.000000001', '2026-01-01 00:00:00.000000002'],
      'Events.Name': ['first', 'second'],
      'Events.Attributes': [{ text: everyKindAsText.text, yes: 'true' }, {}],
      'Links.TraceId': [traceId],
      'Links.SpanId': [spanId],
      'Links.TraceState': ['c=d'],
      'Links.Attributes': [{ small: '7' }],
    });
    assert.equal(second!.ParentSpanId, spanId);
    assert.equal(second!.SpanKind, 'Client');
    assert.equal(second!.StatusCode, 'Unset');
    assert.deepEqual(second!['Events.Name'], []);

    const [raw] = await client.query<Record<string, unknown>>(
      `SELECT received_date, attribute_types, resource_attribute_types, scope_attributes, scope_attribute_types, flags,
        dropped_attributes_count, dropped_events_count, dropped_links_count, resource_dropped_attributes_count,
        resource_schema_url, scope_schema_url, scope_dropped_attributes_count, events_attribute_types,
        events_dropped_attributes_count, links_flags, links_dropped_attributes_count, links_attribute_types
      FROM otel.spans WHERE name = 'GET /'`,
    );
    assert.deepEqual(raw, {
      received_date: '2026-01-01',
      attribute_types: 'sbiidyame',
      resource_attribute_types: 'si',
      scope_attributes: { scoped: 'true' },
      scope_attribute_types: 'b',
      flags: 257,
      dropped_attributes_count: 4,
      dropped_events_count: 5,
      dropped_links_count: 6,
      resource_dropped_attributes_count: 3,
      resource_schema_url: 'https://resource',
      scope_schema_url: 'https://scope',
      scope_dropped_attributes_count: 1,
      events_attribute_types: ['sb', ''],
      events_dropped_attributes_count: [9, 0],
      links_flags: [1],
      links_dropped_attributes_count: [2],
      links_attribute_types: ['i'],
    });
    assert.deepEqual(await client.query('SELECT * FROM otel.otel_traces_trace_id_ts'), [
      { TraceId: traceId, Start: '1970-01-01 00:00:00', End: '2026-01-01 00:00:00' },
    ]);
  });

  test('resource attributes follow their rows when resources alternate', async () => {
    const of = (service: string, extra: unknown[] = []) => ({
      resource: { attributes: [{ key: 'service.name', value: { stringValue: service } }, ...extra] },
      scopeSpans: [{ spans: [span(service), span(service), span(service)] }],
    });
    const span = (name: string) => ({ traceId: 'ff'.repeat(16), spanId, name });
    const request = { resourceSpans: [of('one', [everyKind[0]]), of('two'), of('three', [everyKind[1]]), of('')] };
    await store('traces', [request, request], 'alternate');
    const rows = await client.query(
      `SELECT SpanName, any(ResourceAttributes) AS r, uniqExact(ResourceAttributes) AS u, count() AS c
      FROM otel.otel_traces WHERE TraceId = '${'ff'.repeat(16)}' GROUP BY SpanName ORDER BY SpanName`,
    );
    assert.deepEqual(rows, [
      { SpanName: '', r: { 'service.name': '' }, u: '1', c: '6' },
      { SpanName: 'one', r: { 'service.name': 'one', text: everyKindAsText.text }, u: '1', c: '6' },
      { SpanName: 'three', r: { 'service.name': 'three', yes: 'true' }, u: '1', c: '6' },
      { SpanName: 'two', r: { 'service.name': 'two' }, u: '1', c: '6' },
    ]);
  });

  test('dictionaries larger than one and two bytes of code hold', async () => {
    for (const count of [255, 300, 70_000]) {
      const id = count.toString(16).padStart(32, 'a');
      const spans = Array.from({ length: count }, (_, i) => ({
        traceId: id,
        spanId,
        name: `name ${i}`,
        attributes: [{ key: `key ${i}`, value: { intValue: String(i) } }],
      }));
      await store('traces', [requestOf('traces', spans)], `dictionary ${count}`);
      const rows = await client.query(
        `SELECT count() AS c, uniqExact(SpanName) AS n,
          countIf(SpanAttributes[replaceOne(SpanName, 'name', 'key')] = substring(SpanName, 6)) AS right
        FROM otel.otel_traces WHERE TraceId = '${id}'`,
      );
      assert.deepEqual(rows, [{ c: String(count), n: String(count), right: String(count) }]);
    }
  });

  test('a log record comes back as the upstream exporter would have stored it', async () => {
    const records = [
      {
        timeUnixNano: '1767225600000000001',
        observedTimeUnixNano: '1767225600000000009',
        severityNumber: 17,
        severityText: 'ERROR',
        body: { stringValue: 'it broke' },
        attributes: everyKind,
        droppedAttributesCount: 2,
        flags: 257,
        traceId,
        spanId,
        eventName: 'device.crash',
      },
      { observedTimeUnixNano: '1767225600000000002', body: { kvlistValue: { values: [everyKind[1]] } } },
    ];
    await store('logs', [requestOf('logs', records)], 'logs');
    const rows = await client.query<Record<string, unknown>>('SELECT * FROM otel.otel_logs ORDER BY Timestamp');
    assert.deepEqual(rows[0], {
      Timestamp: '2026-01-01 00:00:00.000000001',
      TraceId: traceId,
      SpanId: spanId,
      TraceFlags: 1,
      SeverityText: 'ERROR',
      SeverityNumber: 17,
      ServiceName: 'shop',
      Body: 'it broke',
      ResourceSchemaUrl: 'https://resource',
      ResourceAttributes: resourceAsText,
      ScopeSchemaUrl: 'https://scope',
      ScopeName: 'lib',
      ScopeVersion: '1.2',
      ScopeAttributes: { scoped: 'true' },
      LogAttributes: everyKindAsText,
      EventName: 'device.crash',
    });
    assert.equal(rows[1]!.Timestamp, '2026-01-01 00:00:00.000000002');
    assert.equal(rows[1]!.Body, '{"yes":true}');
    assert.equal(rows[1]!.TraceId, '');
    assert.deepEqual(
      await client.query(
        'SELECT has_time, body_type, flags, dropped_attributes_count AS d FROM otel.logs ORDER BY time',
      ),
      [
        { has_time: true, body_type: 's', flags: 257, d: 2 },
        { has_time: false, body_type: 'm', flags: 0, d: 0 },
      ],
    );
  });

  test('data points of every kind come back with their series', async () => {
    const exemplar = {
      timeUnixNano: '1767225600000000000',
      asInt: '5',
      traceId,
      spanId,
      filteredAttributes: [everyKind[1]],
    };
    const at = { startTimeUnixNano: '1767225500000000000', timeUnixNano: '1767225600000000000', flags: 1 };
    const attributes = [{ key: 'host', value: { stringValue: 'a' } }];
    const metrics = [
      {
        name: 'g',
        unit: 'By',
        description: 'a gauge',
        gauge: { dataPoints: [{ ...at, attributes, asDouble: 1.5, exemplars: [exemplar] }] },
      },
      {
        name: 's',
        sum: {
          aggregationTemporality: 2,
          isMonotonic: true,
          dataPoints: [{ ...at, attributes, asInt: '-9007199254740993' }],
        },
      },
      {
        name: 'h',
        histogram: {
          aggregationTemporality: 1,
          dataPoints: [
            {
              ...at,
              count: '3',
              sum: 6.5,
              min: 1,
              bucketCounts: ['1', '2'],
              explicitBounds: [2],
              exemplars: [{ ...exemplar, asInt: undefined, asDouble: 0.5 }],
            },
          ],
        },
      },
      {
        name: 'e',
        exponentialHistogram: {
          aggregationTemporality: 2,
          dataPoints: [
            {
              ...at,
              count: '4',
              scale: -2,
              zeroCount: '1',
              zeroThreshold: 0.25,
              positive: { offset: -3, bucketCounts: ['1', '1'] },
              negative: { offset: 4, bucketCounts: ['1'] },
              max: 8,
            },
          ],
        },
      },
      {
        name: 'q',
        summary: {
          dataPoints: [
            {
              ...at,
              count: '2',
              sum: 3,
              quantileValues: [
                { quantile: 0.5, value: 1 },
                { quantile: 0.99, value: 2 },
              ],
            },
          ],
        },
      },
    ];
    await store('metrics', [requestOf('metrics', metrics)], 'metrics');
    const common = {
      ResourceAttributes: resourceAsText,
      ResourceSchemaUrl: 'https://resource',
      ScopeName: 'lib',
      ScopeVersion: '1.2',
      ScopeAttributes: { scoped: 'true' },
      ScopeDroppedAttrCount: 1,
      ScopeSchemaUrl: 'https://scope',
      ServiceName: 'shop',
      MetricDescription: '',
      MetricUnit: '',
      Attributes: {},
      StartTimeUnix: '2025-12-31 23:58:20',
      TimeUnix: '2026-01-01 00:00:00',
      Flags: 1,
    };
    const noExemplars = {
      'Exemplars.FilteredAttributes': [],
      'Exemplars.TimeUnix': [],
      'Exemplars.Value': [],
      'Exemplars.SpanId': [],
      'Exemplars.TraceId': [],
    };
    const oneExemplar = {
      'Exemplars.FilteredAttributes': [{ yes: 'true' }],
      'Exemplars.TimeUnix': ['2026-01-01 00:00:00'],
      'Exemplars.Value': [5],
      'Exemplars.SpanId': [spanId],
      'Exemplars.TraceId': [traceId],
    };
    const view = (name: string) => client.query(`SELECT * FROM otel.otel_metrics_${name}`);
    assert.deepEqual(await view('gauge'), [
      {
        ...common,
        MetricName: 'g',
        MetricDescription: 'a gauge',
        MetricUnit: 'By',
        Attributes: { host: 'a' },
        Value: 1.5,
        ...oneExemplar,
      },
    ]);
    assert.deepEqual(await view('sum'), [
      {
        ...common,
        MetricName: 's',
        Attributes: { host: 'a' },
        Value: -9007199254740992,
        AggregationTemporality: 2,
        IsMonotonic: true,
        ...noExemplars,
      },
    ]);
    assert.deepEqual(await view('histogram'), [
      {
        ...common,
        MetricName: 'h',
        Count: '3',
        Sum: 6.5,
        Min: 1,
        Max: 0,
        BucketCounts: ['1', '2'],
        ExplicitBounds: [2],
        AggregationTemporality: 1,
        ...oneExemplar,
        'Exemplars.Value': [0.5],
      },
    ]);
    assert.deepEqual(await view('exponential_histogram'), [
      {
        ...common,
        MetricName: 'e',
        Count: '4',
        Sum: 0,
        Scale: -2,
        ZeroCount: '1',
        PositiveOffset: -3,
        PositiveBucketCounts: ['1', '1'],
        NegativeOffset: 4,
        NegativeBucketCounts: ['1'],
        Min: 0,
        Max: 8,
        AggregationTemporality: 2,
        ...noExemplars,
      },
    ]);
    assert.deepEqual(await view('summary'), [
      {
        ...common,
        MetricName: 'q',
        Count: '2',
        Sum: 3,
        'ValueAtQuantiles.Quantile': [0.5, 0.99],
        'ValueAtQuantiles.Value': [1, 2],
      },
    ]);
    assert.deepEqual(await client.query('SELECT value_int, value_type FROM otel.samples ORDER BY metric_name'), [
      { value_int: '0', value_type: 'd' },
      { value_int: '-9007199254740993', value_type: 'i' },
    ]);
    assert.deepEqual(await client.query('SELECT sum, min, max FROM otel.histograms'), [
      { sum: 6.5, min: 1, max: null },
    ]);
    assert.deepEqual(await client.query('SELECT zero_threshold AS z FROM otel.exponential_histograms'), [{ z: 0.25 }]);
    assert.deepEqual(
      await client.query(
        "SELECT exemplars_value_int AS i, exemplars_value_type AS t FROM otel.samples WHERE metric_name = 'g'",
      ),
      [{ i: ['5'], t: ['i'] }],
    );
  });

  test('a series is announced once, whatever the order of its attributes', async () => {
    const point = (...keys: string[]) => ({
      timeUnixNano: '1767225600000000000',
      asInt: '1',
      attributes: keys.map((key) => ({ key, value: { stringValue: `of ${key}` } })),
    });
    const memory = createEncoderMemory(100, 1 << 20);
    const request = requestOf('metrics', [
      { name: 'order', gauge: { dataPoints: [point('a', 'b', 'c'), point('c', 'b', 'a'), point('a', 'b')] } },
    ]);
    await store('metrics', [request], 'order 1', memory);
    await store('metrics', [request], 'order 2', memory);
    assert.deepEqual(
      await client.query("SELECT count() AS rows, uniqExact(id) AS ids FROM otel.series WHERE metric_name = 'order'"),
      [{ rows: '2', ids: '2' }],
    );
    assert.deepEqual(
      await client.query(
        "SELECT series_id IN (SELECT id FROM otel.series) AS known, count() AS c FROM otel.samples WHERE metric_name = 'order' GROUP BY known",
      ),
      [{ known: 1, c: '6' }],
    );
  });

  test('a profile sample comes back with its stack resolved to names', async () => {
    const request = {
      resourceProfiles: [
        {
          resource,
          schemaUrl: 'https://resource',
          scopeProfiles: [
            {
              scope,
              profiles: [
                {
                  sampleType: { typeStrindex: 1, unitStrindex: 2 },
                  periodType: { typeStrindex: 3, unitStrindex: 2 },
                  period: '10000000',
                  timeUnixNano: '1767225600000000000',
                  durationNano: '60000000000',
                  profileId: 'ASNFZ4mrze8BI0VniavN7w==',
                  originalPayloadFormat: 'pprof',
                  attributeIndices: [1],
                  samples: [
                    {
                      stackIndex: 1,
                      linkIndex: 1,
                      attributeIndices: [2],
                      values: ['30', '-1'],
                      timestampsUnixNano: ['1767225600000000005'],
                    },
                    { stackIndex: 99, values: ['1'] },
                  ],
                },
              ],
            },
          ],
        },
      ],
      dictionary: {
        stringTable: [
          '',
          'cpu',
          'nanoseconds',
          'wall',
          'main',
          'inner',
          '_inner',
          'main.c',
          'libc.so',
          'thread',
          'worker',
        ],
        mappingTable: [{}, { filenameStrindex: 8 }],
        functionTable: [
          {},
          { nameStrindex: 4, filenameStrindex: 7, startLine: '10' },
          { nameStrindex: 5, systemNameStrindex: 6, filenameStrindex: 7 },
        ],
        locationTable: [
          {},
          {
            mappingIndex: 1,
            address: '4096',
            lines: [
              { functionIndex: 2, line: '3', column: '4' },
              { functionIndex: 1, line: '12' },
            ],
          },
          { mappingIndex: 1, address: '18446744073709551615' },
        ],
        stackTable: [{}, { locationIndices: [1, 2] }],
        linkTable: [{}, { traceId, spanId }],
        attributeTable: [
          {},
          { keyStrindex: 9, value: { stringValue: 'of the profile' } },
          { keyStrindex: 9, value: { stringValueStrindex: 10 } },
        ],
      },
    };
    await store('profiles', [request], 'profiles');
    const [row, other] = await client.query<Record<string, unknown>>(
      'SELECT * EXCEPT (received_date, stack_hash, profile_id, trace_id, span_id), lower(hex(profile_id)) AS profile_id, lower(hex(trace_id)) AS trace_id, lower(hex(span_id)) AS span_id FROM otel.profile_samples ORDER BY length(values) DESC',
    );
    assert.deepEqual(row, {
      time: '2026-01-01 00:00:00.000000000',
      duration_ns: '60000000000',
      profile_id: '0123456789abcdef0123456789abcdef',
      sample_type: 'cpu',
      sample_unit: 'nanoseconds',
      period_type: 'wall',
      period_unit: 'nanoseconds',
      period: '10000000',
      original_payload_format: 'pprof',
      service_name: 'shop',
      resource_attributes: resourceAsText,
      resource_attribute_types: 'si',
      resource_dropped_attributes_count: 3,
      resource_schema_url: 'https://resource',
      scope_name: 'lib',
      scope_version: '1.2',
      scope_attributes: { scoped: 'true' },
      scope_attribute_types: 'b',
      scope_dropped_attributes_count: 1,
      scope_schema_url: '',
      profile_attributes: { thread: 'of the profile' },
      profile_attribute_types: 's',
      attributes: { thread: 'worker' },
      attribute_types: 's',
      trace_id: traceId,
      span_id: spanId,
      values: ['30', '-1'],
      moments: ['2026-01-01 00:00:00.000000005'],
      frames_function: ['inner', 'main', ''],
      frames_system_name: ['_inner', '', ''],
      frames_file: ['main.c', 'main.c', ''],
      frames_line: ['3', '12', '0'],
      frames_column: ['4', '0', '0'],
      frames_start_line: ['0', '10', '0'],
      frames_address: ['4096', '4096', '18446744073709551615'],
      frames_mapping: ['libc.so', 'libc.so', 'libc.so'],
      frames_inlined: [true, false, false],
    });
    assert.deepEqual(other!.frames_function, []);
    assert.equal(other!.trace_id, '0'.repeat(32));
  });

  test('a search for a trace id uses the skip index and the primary key', async () => {
    const plan = async (sql: string) =>
      (await client.query<{ explain: string }>(`EXPLAIN indexes = 1 ${sql}`)).map((row) => row.explain).join('\n');
    assert.match(await plan(`SELECT * FROM otel.otel_traces WHERE TraceId = '${traceId}'`), /idx_trace_id/);
    assert.match(await plan(`SELECT * FROM otel.otel_logs WHERE TraceId = '${traceId}'`), /idx_trace_id/);
    assert.match(
      await plan(`SELECT * FROM otel.otel_traces_trace_id_ts WHERE TraceId = '${traceId}'`),
      /PrimaryKey\s+Keys:\s+trace_id/,
    );
  });
});

/** A request of one resource and scope. */
function requestOf(signal: 'traces' | 'logs' | 'metrics', items: unknown[]): unknown {
  const names = {
    traces: ['resourceSpans', 'scopeSpans', 'spans'],
    logs: ['resourceLogs', 'scopeLogs', 'logRecords'],
    metrics: ['resourceMetrics', 'scopeMetrics', 'metrics'],
  }[signal];
  return {
    [names[0]!]: [
      {
        resource,
        schemaUrl: 'https://resource',
        [names[1]!]: [{ scope, schemaUrl: 'https://scope', [names[2]!]: items }],
      },
    ],
  };
}
