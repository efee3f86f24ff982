/** A short run of the fuzzer, always the same cases; `npm run fuzz` runs longer and other ones. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signals } from '../../pdata/batch.ts';
import { runCampaign } from './campaign.ts';
import { sdkRequests } from './seeds.ts';

const samples = await sdkRequests();

for (const signal of signals) {
  test(`${signal}: right and wrong messages mean to the collector what they mean to other readers`, () => {
    run(signal, 'protobuf', 20_000);
  });
  test(`${signal}: wrong JSON is refused, right JSON keeps its meaning`, () => {
    run(signal, 'json', 10_000);
  });
}

function run(signal: (typeof signals)[number], encoding: 'protobuf' | 'json', cases: number): void {
  const findings: string[] = [];
  const figures = runCampaign({
    signal,
    encoding,
    seed: 1,
    from: 0,
    to: cases,
    samples: samples[signal],
    caseLimitMs: 5000,
    onFinding: ({ index, bytes, error }) =>
      findings.push(`case ${index}: ${error.message}\n${Buffer.from(bytes).toString('base64')}`),
  });
  assert.deepEqual(findings, []);
  // The cases are of both kinds, or the run shows nothing.
  assert.ok(figures.accepted > cases / 10, `${figures.accepted} accepted`);
  assert.ok(figures.refused > cases / 10, `${figures.refused} refused`);
}
