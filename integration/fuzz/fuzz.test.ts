/** A short run of the fuzzer, always the same cases; `npm run fuzz` runs longer and other ones. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signals } from '../../pdata/batch.ts';
import { runCampaign } from './campaign.ts';
import { runEndlessCampaign } from './endless-streams.ts';
import { runPacketCampaign } from './packet-campaign.ts';
import { packetSeeds } from './packet-seeds.ts';
import { runParserCampaign } from './parser-campaign.ts';
import { parserSeeds } from './parser-seeds.ts';
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

test('frames of any bytes are decoded within their bounds', async () => {
  const findings: string[] = [];
  const figures = runPacketCampaign({
    seed: 1,
    cases: 100_000,
    frames: await packetSeeds(),
    caseLimitMs: 1000,
    onFinding: (index, { linkType, bytes }, error) =>
      findings.push(`case ${index}: ${error.message}\n${linkType} ${Buffer.from(bytes).toString('hex')}`),
  });
  assert.deepEqual(findings, []);
  assert.ok(figures.outcomes.decoded! > 10_000 && figures.outcomes.decoded! < 90_000);
  assert.ok(figures.tunnels > 1000 && figures.datagramsPutTogether > 10);
});

test('conversations of any bytes are read within their bounds by every parser', async (context) => {
  const seeds = await parserSeeds();
  const findings: string[] = [];
  let messages = 0;
  for (const protocol of seeds.keys()) {
    const onFinding = (what: number | string, error: Error) => findings.push(`${protocol}, ${what}: ${error.stack}`);
    const figures = runParserCampaign({
      protocol,
      seed: 1,
      from: 0,
      to: Math.ceil(20_000 / seeds.size),
      seeds,
      caseLimitMs: 1000,
      onFinding: (index, _pieces, error) => onFinding(index, error),
    });
    messages += figures.messages;
    const endless = { rounds: 1, streamBytes: 4 << 20, streamMs: 200, pieceLimitMs: 1000 };
    await runEndlessCampaign({ protocol, seed: 1, seeds, ...endless, onFinding });
  }
  assert.deepEqual(findings, []);
  assert.ok(messages > 20_000, `${messages} messages read`);
  // Without the conformance set only this project's own captures are spoilt.
  context.diagnostic(`${seeds.size} protocols, ${messages} messages read`);
});

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
