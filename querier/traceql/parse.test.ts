import assert from 'node:assert/strict';
import { test } from 'node:test';
import { QueryError } from '../errors.ts';
import type { Predicate } from '../traces/predicate.ts';
import { parseDurationNs } from './lexer.ts';
import { parseTraceQl } from './parse.ts';

/** A predicate in one line, fully parenthesized. */
function print(predicate: Predicate): string {
  switch (predicate.kind) {
    case 'and':
    case 'or':
      return `(${predicate.parts.map(print).join(predicate.kind === 'and' ? ' & ' : ' | ')})`;
    case 'not':
      return `!${print(predicate.part)}`;
    case 'compare': {
      const { field, operator, value } = predicate;
      const name = field.kind === 'intrinsic' ? field.name : `${field.scope}[${field.key}]`;
      return `${name}${operator}${value.kind === 'nil' ? 'nil' : JSON.stringify(value.value)}`;
    }
  }
}

const understood: [query: string, printed: string][] = [
  ['', '()'],
  ['{}', '()'],
  ['{ true }', '()'],
  ['{ false }', '!()'],
  ['{ resource.service.name = "cart" }', 'resource[service.name]="cart"'],
  ['{ .http.status_code >= 500 }', 'any[http.status_code]>=500'],
  ['{span.http.status_code=500&&name="GET /"}', '(span[http.status_code]=500 & name="GET /")'],
  ['{ duration > 100ms && duration <= 1m30s }', '(duration>100000000 & duration<=90000000000)'],
  ['{ duration > 1.5ms }', 'duration>1500000'],
  ['{ status = error || status = ok && kind != server }', '(status=2 | (status=1 & kind!=2))'],
  ['{ (status = unset || kind = consumer) && span.x = true }', '((status=0 | kind=5) & span[x]=true)'],
  ['{ !(name =~ "GET.*") }', '!name=~"GET.*"'],
  ['{ span.retry != nil }', 'span[retry]!=nil'],
  ['{ span.temperature < -3.5 }', 'span[temperature]<-3.5'],
  ['{ span."a key" = `back\\slash` }', 'span[a key]="back\\\\slash"'],
  ['{ name = "say \\"hi\\"\\n" }', 'name="say \\"hi\\"\\n"'],
  ['{ span:duration > 2s && trace:id = "ab" }', '(duration>2000000000 & trace_id="ab")'],
  ['{ resource.k8s.pod-name !~ "x-\\d+" }', 'resource[k8s.pod-name]!~"x-\\\\d+"'],
];

for (const [query, printed] of understood) {
  test(`reads ${query === '' ? 'nothing' : query}`, () => {
    assert.equal(print(parseTraceQl(query)), printed);
  });
}

const refused: [query: string, code: string, message: RegExp][] = [
  ['{ status = error } | rate()', 'UNSUPPORTED', /pipeline "\| rate"/],
  ['{ .a = 1 } >> { .b = 2 }', 'UNSUPPORTED', /">>" between two selectors/],
  ['{ .a = 1 } && { .b = 2 }', 'UNSUPPORTED', /"&&" between two selectors/],
  ['({ .a = 1 } | count() > 2)', 'UNSUPPORTED', /grouping/],
  ['{ span.a + 1 = 2 }', 'UNSUPPORTED', /arithmetic \("\+"\)/],
  ['{ span.a = span.b }', 'UNSUPPORTED', /another field \("span.b"\)/],
  ['{ event:name = "x" }', 'UNSUPPORTED', /field "event:name"/],
  ['{ rootName = "x" }', 'UNSUPPORTED', /field "rootName"/],
  ['{ nonsense = 1 }', 'BAD_REQUEST', /unknown field "nonsense"/],
  ['{ span.a = }', 'BAD_REQUEST', /expected a value.*"}"/],
  ['{ span.a = 1', 'BAD_REQUEST', /expected "}", found the end/],
  ['span.a = 1', 'BAD_REQUEST', /expected "\{"/],
  ['{ status = broken }', 'UNSUPPORTED', /"broken".*double quotes/],
  ['{ kind = "teapot" }', 'BAD_REQUEST', /kind is one of/],
  ['{ name = "unclosed }', 'BAD_REQUEST', /unexpected """ at character 10/],
];

for (const [query, code, message] of refused) {
  test(`refuses ${query}`, () => {
    assert.throws(
      () => parseTraceQl(query),
      (error) => error instanceof QueryError && error.code === code && message.test(error.message),
    );
  });
}

test('a duration is read whole or not at all', () => {
  assert.equal(parseDurationNs('1h2m3s'), 3_723e9);
  assert.equal(parseDurationNs('250us'), 250_000);
  assert.ok(Number.isNaN(parseDurationNs('5')));
  assert.ok(Number.isNaN(parseDurationNs('5s later')));
});
