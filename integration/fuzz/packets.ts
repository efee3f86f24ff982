/**
 * `npm run fuzz -- packets [--cases N] [--seed S]`: spoilt frames against the packet decoder.
 *
 * Nothing may throw, take long, hold much memory, or depend on bytes beside the frame.
 */
import type { PacketOptions } from './options.ts';
import { runPacketCampaign } from './packet-campaign.ts';
import { packetSeeds } from './packet-seeds.ts';

const mostShown = 20;

/** Returns the number of findings. */
export async function fuzzPackets({ cases, seed }: PacketOptions): Promise<number> {
  const frames = await packetSeeds();
  let findings = 0;
  const startMs = performance.now();
  const figures = runPacketCampaign({
    seed,
    cases,
    frames,
    caseLimitMs: 1000,
    onFinding(index, { linkType, bytes }, error) {
      if (++findings > mostShown) return;
      console.log(`packets --seed ${seed} --cases ${index + 1}: ${error.stack}`);
      console.log(`link type ${linkType}: ${Buffer.from(bytes).toString('hex')}`);
    },
  });
  const rate = Math.round((cases / (performance.now() - startMs)) * 1000);
  const outcomes = Object.entries(figures.outcomes)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
  console.log(`packets: ${cases} cases from ${frames.length} frames, ${rate}/s, ${findings} findings`);
  console.log(`packets: ${outcomes}; ${figures.tunnels} in tunnels, ${figures.datagramsPutTogether} put together`);
  console.log(
    `packets: slowest ${figures.slowestMs.toFixed(2)} ms, fragments held at most ${figures.heldBytes} bytes, ` +
      `${Math.round(process.memoryUsage.rss() / 1e6)} MB resident`,
  );
  return findings;
}
