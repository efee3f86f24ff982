import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { insertLogs } from '../testing/insert.ts';
import { openQueriedStore } from '../testing/store.ts';
import { logHistogram } from './histogram.ts';
import { readLogs } from './read.ts';
import { readLogSearch } from './search.ts';

const signal = new AbortController().signal;
const baseNs = 1_790_000_000_000_000_000n;
const range = { fromNs: baseNs, toNs: baseNs + 60_000_000_000n };
const traceId = 'ab'.repeat(16);
const queried = await openQueriedStore({ after });

await insertLogs(queried.client, [
  { timeNs: baseNs + 1n, service: 'web', body: 'hello World', severity: 9, attributes: { user: 'kim' } },
  { timeNs: baseNs + 2n, service: 'web', body: 'disk full', severity: 17, severityText: 'ERROR', traceId },
  { timeNs: baseNs + 2n, service: 'db', body: 'slow query', severity: 13 },
  { timeNs: baseNs + 2n, service: 'db', body: 'no severity', severity: 0, attributes: { rows: ['7', 'i'] } },
  { timeNs: baseNs + 30_000_000_000n, service: 'web', body: 'späte ÄRA', severity: 5 },
  { timeNs: baseNs + 90_000_000_000n, service: 'web', body: 'outside', severity: 9 },
]);

async function bodies(query: string): Promise<string[]> {
  const search = readLogSearch(new URLSearchParams(query), range);
  return (await readLogs(queried.store, search, 100, signal)).logs.map((log) => log.body);
}

const searches: [query: string, found: string[]][] = [
  ['', ['späte ÄRA', 'disk full', 'no severity', 'slow query', 'hello World']],
  ['service=db', ['no severity', 'slow query']],
  ['severity=warn', ['disk full', 'slow query']],
  ['q=WORLD', ['hello World']],
  ['q=ära', ['späte ÄRA']],
  ['q=%25', []],
  [`trace=${traceId}`, ['disk full']],
  ['f=user%3Dkim', ['hello World']],
  ['f=-service.name%3Dweb', ['no severity', 'slow query']],
  ['f=rows%3D7&service=db', ['no severity']],
];

for (const [query, found] of searches) {
  test(`search "${query}" finds ${found.length}`, async () => {
    assert.deepEqual(await bodies(query), found);
  });
}

test('pages follow one another without loss, also within one nanosecond', async () => {
  const seen: string[] = [];
  let next = '';
  for (let page = 0; page < 10; page++) {
    const search = readLogSearch(new URLSearchParams({ after: next }), range);
    const answer = await readLogs(queried.store, search, 1, signal);
    seen.push(...answer.logs.map((log) => log.body));
    next = answer.next;
    if (next === '') break;
  }
  assert.deepEqual(seen, ['späte ÄRA', 'disk full', 'no severity', 'slow query', 'hello World']);
});

test('counts records over time by severity', async () => {
  const search = readLogSearch(new URLSearchParams(), range);
  const { stepMs, timesMs, counts } = await logHistogram(queried.store, search, 2, signal);
  assert.equal(stepMs, 30_000);
  assert.deepEqual(timesMs, [1_790_000_000_000, 1_790_000_030_000]);
  const { info, error, warn, unknown, debug } = counts;
  assert.deepEqual(
    { info, error, warn, unknown, debug },
    { info: [1, 0], error: [1, 0], warn: [1, 0], unknown: [1, 0], debug: [0, 1] },
  );
});
