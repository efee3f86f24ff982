/** Parses ClickHouse type names as far as the layout of their Native columns depends on them. */
import { readTokens, type Token } from './sql-tokens.ts';
import { StoreException } from './store-exception.ts';

export type NativeType =
  | { kind: 'fixed'; bytes: number }
  | { kind: 'string' }
  | { kind: 'nullable'; inner: NativeType }
  | { kind: 'array'; inner: NativeType }
  | { kind: 'tuple'; elements: readonly NativeType[] }
  | { kind: 'low_cardinality'; keys: NativeType };

const fixed: Record<string, number> = {
  Bool: 1,
  Int8: 1,
  UInt8: 1,
  Enum8: 1,
  Nothing: 1,
  Int16: 2,
  UInt16: 2,
  Enum16: 2,
  BFloat16: 2,
  Date: 2,
  Int32: 4,
  UInt32: 4,
  Float32: 4,
  Date32: 4,
  DateTime: 4,
  IPv4: 4,
  Time: 4,
  Decimal32: 4,
  Int64: 8,
  UInt64: 8,
  Float64: 8,
  DateTime64: 8,
  Time64: 8,
  Decimal64: 8,
  Int128: 16,
  UInt128: 16,
  UUID: 16,
  IPv6: 16,
  Decimal128: 16,
  Int256: 32,
  UInt256: 32,
  Decimal256: 32,
}; // prettier-ignore

const point: NativeType = {
  kind: 'tuple',
  elements: [
    { kind: 'fixed', bytes: 8 },
    { kind: 'fixed', bytes: 8 },
  ],
};
const ring: NativeType = { kind: 'array', inner: point };
const polygon: NativeType = { kind: 'array', inner: ring };
const aliases: Record<string, NativeType> = {
  String: { kind: 'string' },
  Point: point,
  Ring: ring,
  LineString: ring,
  MultiLineString: polygon,
  Polygon: polygon,
  MultiPolygon: { kind: 'array', inner: polygon },
};

const parsed = new Map<string, NativeType>();
/** Type names come from clients; a store has a few hundred of them. */
const maxParsed = 10_000;

/** Throws a {@link StoreException} for types whose columns cannot be walked (JSON, Variant, Dynamic, aggregate states). */
export function parseNativeType(text: string): NativeType {
  let type = parsed.get(text);
  if (type === undefined) {
    type = parse(text, [...readTokens(text)]);
    if (parsed.size >= maxParsed) parsed.clear();
    parsed.set(text, type);
  }
  return type;
}

/** Parses one type from its tokens: `Name` or `Name(argument, …)`. */
function parse(text: string, tokens: readonly Token[]): NativeType {
  const name = tokens[0]?.text ?? '';
  if (name in aliases) return aliases[name];
  const args = splitArguments(tokens);
  const only = () => parse(text, args.at(-1) ?? []);
  switch (name) {
    case 'FixedString':
      return { kind: 'fixed', bytes: Number(args[0][0].text) };
    case 'Decimal':
      return { kind: 'fixed', bytes: decimalBytes(Number(args[0][0].text)) };
    case 'Nullable':
      return { kind: 'nullable', inner: only() };
    case 'Array':
      return { kind: 'array', inner: only() };
    case 'SimpleAggregateFunction':
      return only();
    case 'LowCardinality': {
      const inner = only();
      return { kind: 'low_cardinality', keys: inner.kind === 'nullable' ? inner.inner : inner };
    }
    case 'Tuple':
      return { kind: 'tuple', elements: args.map((element) => parse(text, withoutName(element))) };
    case 'Map':
      return { kind: 'array', inner: { kind: 'tuple', elements: args.map((element) => parse(text, element)) } };
    case 'Nested':
      return {
        kind: 'array',
        inner: { kind: 'tuple', elements: args.map((element) => parse(text, withoutName(element))) },
      };
    default:
      if (name in fixed) return { kind: 'fixed', bytes: fixed[name] };
      if (name.startsWith('Interval')) return { kind: 'fixed', bytes: 8 };
      throw new StoreException(
        48,
        'NOT_IMPLEMENTED',
        `Columns of type ${text} cannot be sent to or taken from clients that give client_protocol_version; cast to String`,
      );
  }
}

/** The tokens of each argument between the outer brackets. */
function splitArguments(tokens: readonly Token[]): Token[][] {
  if (tokens[1]?.text !== '(' || tokens[2]?.text === ')') return [];
  const depth = tokens[1].depth + 1;
  const args: Token[][] = [[]];
  for (const token of tokens.slice(2, -1)) {
    if (token.text === ',' && token.depth === depth) args.push([]);
    else args.at(-1)!.push(token);
  }
  return args;
}

/** `name Type` → `Type`. */
function withoutName(element: readonly Token[]): readonly Token[] {
  return element[1] !== undefined && element[1].text !== '(' ? element.slice(1) : element;
}

function decimalBytes(precision: number): number {
  if (precision <= 9) return 4;
  if (precision <= 18) return 8;
  return precision <= 38 ? 16 : 32;
}
