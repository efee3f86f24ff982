/** kill -9 of the collector, of its storage process and of both, under load: what was acknowledged is stored once. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { childrenOf } from './kit/collector.ts';
import { findPlace, startPreset } from './kit/preset.ts';
import { startSpanLoad } from './kit/span-load.ts';
import { sql } from './kit/store.ts';
import { until } from './kit/wait.ts';

const rounds = Number(process.env.CRASH_ROUNDS ?? 6);
const victims = ['collector', 'storage process', 'both'] as const;

test(`every acknowledged span is stored once, after ${rounds} times kill -9`, {
  timeout: 120_000 + rounds * 30_000,
}, async (t) => {
  const place = await findPlace(t);
  let collector = await startPreset(t, place);
  const load = startSpanLoad(place.httpPort);
  t.after(() => load.stop());
  let before = 0;
  for (let round = 0; round < rounds; round++) {
    const victim = victims[round % victims.length]!;
    // Spread over the life of a spool segment, and the same in every run.
    await sleep(300 + ((round * 379) % 1200));
    const storage = await until('a storage process', 30_000, async () => storageProcess(collector.pid));
    if (victim !== 'collector') process.kill(storage, 'SIGKILL');
    if (victim !== 'storage process') {
      await collector.kill();
      collector = await startPreset(t, place);
    }
    await until(`acknowledgements after the end of ${victim}`, 30_000, async () => load.acknowledged.size > before);
    before = load.acknowledged.size;
  }
  await load.stop();

  await until('every acknowledged span in the store', 60_000, async () => {
    const ids = new Set(await storedIds(place.store));
    return [...load.acknowledged].every((id) => ids.has(id));
  });
  // What the spool still wanted to repeat has been repeated when the collector has ended and is there again.
  assert.equal((await collector.stop()).code, 0);
  await startPreset(t, place);
  const stored = await storedIds(place.store);
  const distinct = new Set(stored);
  t.diagnostic(
    `${rounds} kills; acknowledged ${load.acknowledged.size} spans, stored ${stored.length} (${distinct.size} distinct), ` +
      `${load.failed} requests without an answer`,
  );
  assert.ok(load.acknowledged.size > rounds * 100, `only ${load.acknowledged.size} spans were acknowledged`);
  assert.equal(stored.length, distinct.size, 'some spans are stored twice');
});

async function storedIds(store: string): Promise<string[]> {
  const rows = await sql<{ SpanId: string }>(store, "SELECT SpanId FROM otel_traces WHERE ServiceName = 'crash-test'");
  return rows.map((row) => row.SpanId);
}

/** The child of the collector that runs the embedded engine; undefined while there is none. */
function storageProcess(pid: number): number | undefined {
  return childrenOf(pid).find((child) => {
    try {
      return /clickhouse/.test(readFileSync(`/proc/${child}/cmdline`, 'utf8'));
    } catch {
      // It ended meanwhile.
      return false;
    }
  });
}
