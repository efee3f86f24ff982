/** What a search asks of a span, as a tree: the common form of TraceQL, Tempo tags, Jaeger tags and the page's filters. */

export type Operator = '=' | '!=' | '>' | '>=' | '<' | '<=' | '=~' | '!~';

/** Where an attribute is looked for; `any` means the span first, then its resource. */
export type AttributeScope = 'span' | 'resource' | 'any';

/** Properties of a span or of its trace that are not attributes. Durations are in nanoseconds. */
export type Intrinsic =
  | 'name'
  | 'duration'
  | 'status'
  | 'status_message'
  | 'kind'
  | 'service'
  | 'trace_id'
  | 'span_id'
  | 'parent_id'
  | 'scope_name';

export type Field = { kind: 'attribute'; scope: AttributeScope; key: string } | { kind: 'intrinsic'; name: Intrinsic };

/** Status and kind are their OTLP numbers. */
export type Literal =
  | { kind: 'string'; value: string }
  | { kind: 'number'; value: number }
  | { kind: 'boolean'; value: boolean }
  | { kind: 'nil' };

export type Predicate =
  | { kind: 'and' | 'or'; parts: readonly Predicate[] }
  | { kind: 'not'; part: Predicate }
  | { kind: 'compare'; field: Field; operator: Operator; value: Literal };

/** Numbers of `Status.code` in OTLP. */
export const statusCodes: Readonly<Record<string, number>> = { unset: 0, ok: 1, error: 2 };

/** Numbers of `Span.kind` in OTLP. */
export const spanKinds: Readonly<Record<string, number>> = {
  unspecified: 0,
  internal: 1,
  server: 2,
  client: 3,
  producer: 4,
  consumer: 5,
};

/** True for every span. */
export const anything: Predicate = { kind: 'and', parts: [] };

export function and(parts: readonly Predicate[]): Predicate {
  return parts.length === 1 ? parts[0]! : { kind: 'and', parts };
}

export function intrinsic(name: Intrinsic, operator: Operator, value: string | number): Predicate {
  const literal: Literal = typeof value === 'number' ? { kind: 'number', value } : { kind: 'string', value };
  return { kind: 'compare', field: { kind: 'intrinsic', name }, operator, value: literal };
}

export function attribute(key: string, operator: Operator, value: string, scope: AttributeScope = 'any'): Predicate {
  return {
    kind: 'compare',
    field: { kind: 'attribute', scope, key },
    operator,
    value: { kind: 'string', value },
  };
}
