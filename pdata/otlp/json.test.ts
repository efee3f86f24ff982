import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import {
  JsonLogsSerializer,
  JsonTraceSerializer,
  ProtobufLogsSerializer,
  ProtobufTraceSerializer,
} from '@opentelemetry/otlp-transformer';
import { InMemoryLogRecordExporter, LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs';
import { resources, tracing } from '@opentelemetry/sdk-node';
import { Batch } from '../batch.ts';
import { MalformedOtlp } from '../errors.ts';
import { codecs } from './codecs.ts';
import { bytesToJson, jsonToBytes, jsonToWire, wireToJson } from './json.ts';

const values = {
  text: 'Grüße, 世界 🚀 "quoted" \\ \u0000\n',
  empty: '',
  whole: 9007199254740991,
  negative: -42,
  real: 1.5e-300,
  yes: true,
  no: false,
  list: ['a', 'b', ''],
};

test('the JSON of an SDK becomes what the same SDK writes as protobuf: spans', () => {
  const exporter = new tracing.InMemorySpanExporter();
  const provider = new tracing.BasicTracerProvider({
    resource: resources.resourceFromAttributes({ 'service.name': 'shop', ...values }),
    spanProcessors: [new tracing.SimpleSpanProcessor(exporter)],
  });
  const span = provider.getTracer('test', '1.0').startSpan('GET /', { kind: SpanKind.SERVER, attributes: values });
  span.addLink({ context: { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 }, attributes: values });
  span.addEvent('retry', values);
  span.setStatus({ code: SpanStatusCode.ERROR, message: 'no' });
  span.end();
  const spans = exporter.getFinishedSpans();
  const read = jsonToWire('traces', JsonTraceSerializer.serializeRequest(spans)!);
  const expected = ProtobufTraceSerializer.serializeRequest(spans)!;
  assert.equal(canonical('traces', read), canonical('traces', expected));
  assert.equal(
    canonical('traces', jsonToWire('traces', bytes(wireToJson('traces', expected)))),
    canonical('traces', expected),
  );
});

test('the JSON of an SDK becomes what the same SDK writes as protobuf: log records', () => {
  const exporter = new InMemoryLogRecordExporter();
  const provider = new LoggerProvider({ processors: [new SimpleLogRecordProcessor({ exporter })] });
  const body = { map: { list: [1, 'a', true, null], raw: new Uint8Array([0, 255, 254]) } };
  provider
    .getLogger('test')
    .emit({ severityNumber: 17, severityText: 'ERROR', body, attributes: values, eventName: 'e' });
  const records = exporter.getFinishedLogRecords();
  const read = jsonToWire('logs', JsonLogsSerializer.serializeRequest(records)!);
  assert.equal(canonical('logs', read), canonical('logs', ProtobufLogsSerializer.serializeRequest(records)!));
});

/** JSON, message, and its protobuf in hex as https://protobuf.dev/programming-guides/encoding defines it. */
const readable: [name: string, message: string, json: string, hex: string][] = [
  ['an empty object', 'Span', '{}', ''],
  ['ids in hex of either case', 'Span', '{"spanId":"00F067aa0bA902b7"}', '120800f067aa0ba902b7'],
  ['an empty id as none', 'Span', '{"spanId":""}', ''],
  ['bytes in base64', 'AnyValue', '{"bytesValue":"+/8="}', '3a02fbff'],
  ['bytes in base64 for addresses, unpadded', 'AnyValue', '{"bytesValue":"-_8"}', '3a02fbff'],
  ['bytes whose slashes are escaped', 'AnyValue', '{"bytesValue":"+\\/8="}', '3a02fbff'],
  ['64-bit integers as strings', 'AnyValue', '{"intValue":"9223372036854775807"}', '18ffffffffffffffff7f'],
  ['64-bit integers as numbers, all digits', 'AnyValue', '{"intValue":9223372036854775807}', '18ffffffffffffffff7f'],
  ['the smallest integer', 'AnyValue', '{"intValue":"-9223372036854775808"}', '1880808080808080808001'],
  ['an integer with an exponent', 'AnyValue', '{"intValue":"1.50e2"}', '189601'],
  ['an integer with a fraction of zeros', 'AnyValue', '{"intValue":150.0}', '189601'],
  ['the largest time', 'Span', '{"endTimeUnixNano":"18446744073709551615"}', '41ffffffffffffffff'],
  ['enums as numbers', 'Span', '{"kind":2}', '3002'],
  ['enums as numbers in strings', 'Span', '{"kind":"2"}', '3002'],
  ['enums as names', 'LogRecord', '{"severityNumber":"SEVERITY_NUMBER_ERROR"}', '1011'],
  ['enum numbers that nobody knows', 'Span', '{"kind":-1}', '30ffffffffffffffffff01'],
  ['zigzag numbers', 'Buckets', '{"offset":-3}', '0805'],
  ['packed numbers', 'Buckets', '{"bucketCounts":["1",300,0]}', '120401ac0200'],
  ['no packed numbers', 'Buckets', '{"bucketCounts":[]}', ''],
  ['names as in the .proto file', 'Buckets', '{"bucket_counts":[1]}', '120101'],
  ['names with escapes', 'Buckets', '{"bucket\\u0043ounts":[1]}', '120101'],
  ['doubles', 'AnyValue', '{"doubleValue":-1.5}', '21000000000000f8bf'],
  ['doubles as strings', 'AnyValue', '{"doubleValue":"1e2"}', '210000000000005940'],
  ['infinity', 'AnyValue', '{"doubleValue":"-Infinity"}', '21000000000000f0ff'],
  ['a zero that is there', 'AnyValue', '{"doubleValue":0}', '210000000000000000'],
  ['a zero that nobody can tell from none', 'SummaryDataPoint', '{"sum":0}', ''],
  ['minus zero', 'SummaryDataPoint', '{"sum":-0.0}', '290000000000000080'],
  ['an optional zero', 'HistogramDataPoint', '{"sum":0}', '290000000000000000'],
  ['null as absent', 'AnyValue', '{"stringValue":null,"boolValue":false}', '1000'],
  ['null in a list of values as the empty value', 'ArrayValue', '{"values":[null,{}]}', '0a000a00'],
  ['the last of two equal names', 'Buckets', '{"offset":1,"offset":2}', '0804'],
  ['the last of two variants', 'AnyValue', '{"stringValue":"a","intValue":"1"}', '1801'],
  ['unknown fields of any shape', 'Buckets', '{"a":[{"b":[1,"x",null]}],"offset":1,"c":{}}', '0802'],
  ['escapes', 'AnyValue', '{"stringValue":"\\u00e4\\ud83d\\ude80\\n\\/\\""}', '0a09c3a4f09f9a800a2f22'],
  ['half a surrogate pair', 'AnyValue', '{"stringValue":"\\ud83dx"}', '0a04efbfbd78'],
  ['a profile id in base64', 'Profile', '{"profileId":"AQI="}', '3a020102'],
  ['fields in ascending order', 'Buckets', '{"bucketCounts":[1],"offset":1}', '0802120101'],
  ['a byte order mark and space', 'Buckets', '\ufeff \n{ "offset" : 1 }\t', '0802'],
];

for (const [name, message, json, hex] of readable) {
  test(`reads ${name}`, () => {
    assert.equal(Buffer.from(jsonToBytes(message, bytes(json))).toString('hex'), hex);
  });
}

test('reads long text with escapes', () => {
  const text = 'ä\n'.repeat(1000);
  const json = JSON.stringify({ values: [{ stringValue: text }] });
  assert.equal(bytesToJson('ArrayValue', jsonToBytes('ArrayValue', bytes(json))), json);
});

test('the message read holds no more memory than it needs', () => {
  const read = jsonToBytes('Buckets', bytes(`{${' '.repeat(100_000)}"offset":1}`));
  assert.equal(read.buffer.byteLength, 2);
});

test('text that is not UTF-8 stays as it is when read, and is replaced when written', () => {
  const json = Buffer.concat([bytes('{"stringValue":"'), Buffer.from([0xff]), bytes('"}')]);
  const read = jsonToBytes('AnyValue', json);
  assert.deepEqual([...read], [0x0a, 1, 0xff]);
  assert.equal(bytesToJson('AnyValue', read), '{"stringValue":"\ufffd"}');
});

const refused: [json: string, message: RegExp][] = [
  ['', /^JSON: a value expected at byte 0, but the text ends$/],
  ['[]', /^ExportTraceServiceRequest: an object is expected, at byte 0$/],
  ['{"resourceSpans":{}}', /^resourceSpans: an array is expected, at byte 17$/],
  [
    span('{"traceId":"5b8efff798038103d269b633813fc60"}'),
    /^resourceSpans\[0\]\.scopeSpans\[0\]\.spans\[1\]\.traceId: 32 hex digits are expected, not 31, at byte \d+$/,
  ],
  [span('{"traceId":"W47/95gDgQPSabYzgT/GDA=="}'), /traceId: 32 hex digits are expected, this looks like base64/],
  [span('{"kind":"SPAN_KIND_CLOWN"}'), /spans\[1\]\.kind: a number or one of SPAN_KIND_UNSPECIFIED, /],
  [span('{"kind":2147483648}'), /kind: an integer of type int32 is expected/],
  [span('{"flags":-1}'), /flags: an integer of type fixed32 is expected/],
  [span('{"startTimeUnixNano":"18446744073709551616"}'), /startTimeUnixNano: an integer of type fixed64 is expected/],
  [span('{"startTimeUnixNano":1.5}'), /startTimeUnixNano: an integer of type fixed64 is expected/],
  [span('{"startTimeUnixNano":true}'), /startTimeUnixNano: an integer is expected/],
  [span('{"name":7}'), /name: a string is expected/],
  [
    span('{"attributes":[{"key":"a","value":{"doubleValue":"1e999"}}]}'),
    /spans\[1\]\.attributes\[0\]\.value\.doubleValue: a double, /,
  ],
  [span('{"attributes":[{"key":"a","value":{"boolValue":"true"}}]}'), /boolValue: true or false is expected/],
  [span('{"attributes":[{"key":"a","value":{"bytesValue":"a"}}]}'), /bytesValue: base64 is expected/],
  [span('{"attributes":[{"key":"a","value":7}]}'), /attributes\[0\]\.value: an object is expected/],
  ['{"a":1,}', /^JSON: a quoted name expected at byte 7, but there is "}"$/],
  ['{"a":01}', /^JSON: ',' or '}' expected at byte 6/],
  ['{"a":"\n"}', /^JSON: the end of a string expected at byte 6/],
  ['{"a":"\\x"}', /^JSON: an escape of JSON expected at byte 7/],
  ['{} {}', /^JSON: the end of the text expected at byte 3/],
];

for (const [json, message] of refused) {
  test(`refuses ${JSON.stringify(json)}`, () => {
    assert.throws(
      () => jsonToWire('traces', bytes(json)),
      (error) => error instanceof MalformedOtlp && message.test(error.message),
    );
  });
}

test('values are nested as deep as in protobuf and no deeper', () => {
  const nested = (levels: number) => {
    const value = '{"arrayValue":{"values":['.repeat(levels) + ']}}'.repeat(levels);
    return bytes(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":${value}}]}]}]}`);
  };
  const deepest = jsonToWire('logs', nested(50));
  assert.equal(Batch.fromWire('logs', deepest).items, 1);
  assert.equal(Buffer.from(jsonToWire('logs', bytes(wireToJson('logs', deepest)))).equals(deepest), true);
  assert.throws(() => jsonToWire('logs', nested(51)), /values are nested deeper than 100/);
});

test('a body of a million brackets is refused at once', () => {
  const begun = process.threadCpuUsage();
  for (const text of ['[', '{"a":', '{"resourceSpans":[']) {
    assert.throws(() => jsonToWire('traces', bytes(text.repeat(1_000_000))), /nested deeper than/);
  }
  assert.ok(process.threadCpuUsage(begun).user < 1e6);
});

test('a body of a million empty messages is read in linear time', () => {
  const begun = process.threadCpuUsage();
  const read = jsonToWire('traces', bytes(`{"resourceSpans":[${'{},'.repeat(1_000_000)}{}]}`));
  assert.equal(read.length, 2_000_002);
  assert.ok(process.threadCpuUsage(begun).user < 5e6);
});

test('writes what the OTLP specification asks for', () => {
  const json =
    '{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"5b8efff798038103d269b633813fc60c",' +
    '"spanId":"eee19b7ec3c1b174","name":"ä","kind":2,"startTimeUnixNano":"1544712660000000000",' +
    '"attributes":[{"key":"i","value":{"intValue":"-1"}},{"key":"d","value":{"doubleValue":"NaN"}},' +
    '{"key":"z","value":{"doubleValue":-0}},{"key":"b","value":{"bytesValue":"AP8="}},{"key":"e","value":{}}],' +
    '"status":{"code":2},"flags":257}]}]}]}';
  assert.equal(wireToJson('traces', jsonToWire('traces', bytes(json))), json);
});

test('leaves out zeros, but not text that looks like one', () => {
  const json = '{"droppedAttributesCount":0,"name":"0","traceState":"","startTimeUnixNano":"0"}';
  assert.equal(bytesToJson('Span', jsonToBytes('Span', bytes(json))), '{"name":"0"}');
  const zeros = Buffer.from('0a00' + '3000' + '390000000000000000' + '1a00', 'hex');
  assert.equal(bytesToJson('Span', zeros), '{}');
});

test('writes merged messages and the last of other fields', () => {
  // scope {name: one}, spans {}, scope {version: two}, schema_url a, schema_url b
  const twice = Buffer.from('0a050a036f6e65' + '1200' + '0a05120374776f' + '1a0161' + '1a0162', 'hex');
  assert.equal(
    bytesToJson('ScopeSpans', twice),
    '{"scope":{"name":"one","version":"two"},"spans":[{}],"schemaUrl":"b"}',
  );
});

test('writes a value on its own', () => {
  assert.equal(
    bytesToJson('AnyValue', Buffer.from('2a060a040a026162', 'hex')),
    '{"arrayValue":{"values":[{"stringValue":"ab"}]}}',
  );
});

test('refuses to write bytes that are no message', () => {
  assert.throws(() => bytesToJson('AnyValue', Buffer.from('0a05ff', 'hex')), MalformedOtlp);
  const deep = Buffer.alloc(100_000, Buffer.from('2a'));
  assert.throws(() => bytesToJson('AnyValue', deep), MalformedOtlp);
});

function bytes(text: string): Uint8Array {
  return Buffer.from(text);
}

/** A request whose second span is `json`. */
function span(json: string): string {
  return `{"resourceSpans":[{"scopeSpans":[{"spans":[{},${json}]}]}]}`;
}

/** The message as its columns write it, so that order and zeros do not matter. */
function canonical(signal: 'traces' | 'logs', message: Uint8Array): string {
  const batch = Batch.fromWire(signal, message);
  return Buffer.from(codecs[signal].write(batch.columns as never)).toString('hex');
}
