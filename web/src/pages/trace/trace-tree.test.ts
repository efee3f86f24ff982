import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TraceColumns } from '../../api/types.ts';
import { buildTree, type TraceTree, visibleRows } from './trace-tree.ts';

/** Spans as `id` or `id<parent`, one after the other in time. */
function columnsOf(...spans: string[]): TraceColumns {
  const pairs = spans.map((span) => span.split('<'));
  return {
    traceId: '1',
    startNs: '0',
    strings: ['service', 'name'],
    spanId: pairs.map(([id]) => id!),
    parentSpanId: pairs.map(([, parent]) => parent ?? ''),
    service: spans.map(() => 0),
    name: spans.map(() => 1),
    offsetNs: spans.map((_, at) => at),
    durationNs: spans.map(() => 1),
    status: spans.map(() => 0),
    kind: spans.map(() => 1),
    events: spans.map(() => 0),
    truncated: false,
  };
}

/** `a1 b0`: ids in the order of drawing, each with its depth. */
function print(tree: TraceTree, rows = tree.order): string {
  return [...rows].map((at) => `${tree.columns.spanId[at]}${tree.depth[at]}`).join(' ');
}

const cases: [name: string, spans: string[], drawn: string][] = [
  ['a tree, each span before its children', ['a', 'b<a', 'c<b', 'd<a'], 'a0 b1 c2 d1'],
  ['children that start before their parent', ['c<b', 'b<a', 'a'], 'a0 b1 c2'],
  ['siblings by start', ['a', 'z<a', 'b<a'], 'a0 z1 b1'],
  ['a span whose parent is not there', ['a', 'b<missing', 'c<b'], 'a0 b0 c1'],
  ['several roots', ['a', 'b', 'c<a'], 'a0 c1 b0'],
  ['a span that is its own parent', ['a<a', 'b<a'], 'a0 b1'],
  ['two spans that are each other’s parent', ['a<b', 'b<a', 'c'], 'c0 a0 b1'],
  ['an id that occurs twice', ['a', 'a', 'b<a'], 'a0 b1 a0'],
  ['no spans', [], ''],
];

for (const [name, spans, drawn] of cases) {
  test(`draws ${name}`, () => {
    assert.equal(print(buildTree(columnsOf(...spans))), drawn);
  });
}

test('counts what is below a span and hides it when collapsed', () => {
  const tree = buildTree(columnsOf('a', 'b<a', 'c<b', 'd<a', 'e'));
  assert.deepEqual([...tree.below], [3, 1, 0, 0, 0]);
  assert.equal(print(tree, visibleRows(tree, new Set([1]))), 'a0 b1 d1 e0');
  assert.equal(print(tree, visibleRows(tree, new Set([0, 1]))), 'a0 e0');
});

test('a chain of 100,000 spans is laid out in time', () => {
  const ids = Array.from({ length: 100_000 }, (_, at) => (at === 0 ? 's0' : `s${at}<s${at - 1}`));
  const begun = process.threadCpuUsage();
  const tree = buildTree(columnsOf(...ids));
  assert.equal(tree.depth[99_999], 99_999);
  assert.equal(tree.below[0], 99_999);
  assert.ok(process.threadCpuUsage(begun).user < 2e6);
});
