/** Names of TraceQL fields: intrinsics in their short and scoped spellings, and attributes by scope. */
import { QueryError } from '../errors.ts';
import type { AttributeScope, Field, Intrinsic } from '../traces/predicate.ts';
import { unquote } from './lexer.ts';

const intrinsics: Readonly<Record<string, Intrinsic>> = {
  name: 'name',
  duration: 'duration',
  status: 'status',
  statusMessage: 'status_message',
  kind: 'kind',
  'span:name': 'name',
  'span:duration': 'duration',
  'span:status': 'status',
  'span:statusMessage': 'status_message',
  'span:kind': 'kind',
  'span:id': 'span_id',
  'span:parentID': 'parent_id',
  'trace:id': 'trace_id',
  'instrumentation:name': 'scope_name',
};

const scopes: readonly [prefix: string, scope: AttributeScope][] = [
  ['resource.', 'resource'],
  ['span.', 'span'],
  ['.', 'any'],
];

const refused = ['parent.', 'event.', 'link.', 'instrumentation.', 'event:', 'link:', 'trace:', 'instrumentation:'];
const refusedNames = ['rootName', 'rootServiceName', 'traceDuration', 'childCount', 'nestedSetParent', 'nestedSetLeft'];

/** Throws a {@link QueryError} that names the field when it is unknown or not supported. */
export function resolveField(text: string): Field {
  const name = intrinsics[text];
  if (name !== undefined) return { kind: 'intrinsic', name };
  if (refusedNames.includes(text) || refused.some((prefix) => text.startsWith(prefix))) {
    throw new QueryError('UNSUPPORTED', `TraceQL: the field "${text}" is not supported here`);
  }
  for (const [prefix, scope] of scopes) {
    if (text.startsWith(prefix)) return { kind: 'attribute', scope, key: attributeKey(text.slice(prefix.length)) };
  }
  throw new QueryError('BAD_REQUEST', `TraceQL: unknown field "${text}"; attributes are span.x, resource.x or .x`);
}

/** Resolves the quoted parts of an attribute name: `"a b".c` is `a b.c`. */
function attributeKey(text: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"/g, unquote);
}
