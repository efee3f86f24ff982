/** Typed attributes as OTLP JSON writes them: `{"key": "a", "value": {"intValue": "1"}}`. */
import type { Attribute } from './typed.ts';

/** `AnyValue` of OTLP in its JSON mapping. */
export type AnyValue =
  | { stringValue: string }
  | { boolValue: boolean }
  | { intValue: string }
  | { doubleValue: number | string }
  | { bytesValue: string }
  | { arrayValue: { values: AnyValue[] } }
  | { kvlistValue: { values: KeyValue[] } }
  | Record<string, never>;

export interface KeyValue {
  key: string;
  value: AnyValue;
}

export function keyValues(attributes: readonly Attribute[]): KeyValue[] {
  return attributes.map((attribute) => ({ key: attribute.key, value: anyValue(attribute) }));
}

export function anyValue({ type, value }: Pick<Attribute, 'type' | 'value'>): AnyValue {
  switch (type) {
    case 'string':
      return { stringValue: value };
    case 'bool':
      return { boolValue: value === 'true' };
    case 'int':
      return { intValue: value };
    case 'double':
      return { doubleValue: doubleOf(value) };
    case 'bytes':
      return { bytesValue: value };
    case 'array':
    case 'map':
      return nested(value);
    case 'empty':
      return {};
    default:
      throw type satisfies never;
  }
}

/** JSON has no NaN and no infinities; protobuf's JSON mapping writes them as text. ClickHouse prints `nan` and `inf`. */
function doubleOf(text: string): number | string {
  const value = Number(text);
  if (Number.isFinite(value)) return value;
  if (/^\+?inf/i.test(text)) return 'Infinity';
  return /^-inf/i.test(text) ? '-Infinity' : 'NaN';
}

function nested(json: string): AnyValue {
  try {
    return fromJson(JSON.parse(json, keepIntegers));
  } catch {
    return { stringValue: json };
  }
}

class Integer {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** Integers keep all their digits: `source` is the text of the number in the JSON (ECMAScript 2025). */
function keepIntegers(_key: string, value: unknown, context?: { source?: string }): unknown {
  return typeof value === 'number' && /^-?\d+$/.test(context?.source ?? '') ? new Integer(context!.source!) : value;
}

function fromJson(value: unknown): AnyValue {
  if (value === null || value === undefined) return {};
  if (value instanceof Integer) return { intValue: value.text };
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'number') return { doubleValue: value };
  if (Array.isArray(value)) return { arrayValue: { values: value.map(fromJson) } };
  const entries = Object.entries(value as object);
  return { kvlistValue: { values: entries.map(([key, inner]) => ({ key, value: fromJson(inner) })) } };
}
