/** Prints what a `describe` wrote as one line of text, for tests and goldens. */
import protobuf from 'protobufjs';
import { type SpanWriter, spanKinds } from '../../otlp/span-writer.ts';

const kindNames = Object.fromEntries(Object.entries(spanKinds).map(([name, number]) => [number, name]));

/** Decodes the attributes with a decoder that is not ours. */
const { root } = protobuf.parse(`syntax = "proto3";
message AnyValue { oneof value { string s = 1; bool b = 2; int64 i = 3; double d = 4; ArrayValue a = 5; bytes y = 7; } }
message ArrayValue { repeated AnyValue values = 1; }
message KeyValue { string key = 1; AnyValue value = 2; }
message Attributes { repeated KeyValue attributes = 9; }`);
const Attributes = root.lookupType('Attributes');

interface AnyValue {
  s?: string;
  b?: boolean;
  i?: number | string;
  d?: number;
  a?: { values: AnyValue[] };
  value?: string;
}

/** `NAME kind | key=value key=value …`, with `!` before the name of a failed one. */
export function readSpanText(span: SpanWriter): string {
  const { out } = span.attributes;
  const decoded = Attributes.toObject(Attributes.decode(out.bytes.subarray(0, out.length)), { longs: Number }) as {
    attributes?: { key: string; value: AnyValue }[];
  };
  const pairs = (decoded.attributes ?? []).map(({ key, value }) => `${key}=${valueText(value)}`);
  return `${span.failed ? '!' : ''}${span.name} ${kindNames[span.kind]} | ${pairs.join(' ')}`;
}

function valueText(value: AnyValue): string {
  if (value.a !== undefined) return `[${(value.a.values ?? []).map(valueText).join(',')}]`;
  return String(value.s ?? value.b ?? value.i ?? value.d ?? '');
}
