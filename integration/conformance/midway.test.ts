/** Captures of the conformance set that begin in the middle, or miss packets: what is told of them is right, and most of it is told. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { readExpectedFiles } from './expected.ts';
import { countFound, type Found, findMistakes } from './mistakes.ts';
import { readCapture, type Seen } from './thinned.ts';

const folder = '../shared/conformance';

interface Variant {
  readonly name: string;
  readonly kind: 'cut' | 'loss';
  readonly leavesOut: ReadonlySet<number>;
}

/**
 * Shares that must be found: of the calls that lie wholly behind a cut, all; of those during which their connection lost nothing, most: where order
 * alone pairs them, the next one is not trusted.
 */
const enough: Readonly<Record<Variant['kind'], number>> = { cut: 1, loss: 0.9 };
/** ZMTP is known by its greeting alone; of HTTP/1 the set has short connections, in which the next call is one of few. */
const unreachable: Readonly<Record<string, number>> = { 'cut zmtp': 0.45, 'loss zmtp': 0.85, 'loss http1': 0.7 };

test('what is told of a part of a capture is so, and little is missing', async (context) => {
  if (!existsSync(folder)) {
    context.diagnostic(`${folder} is not there: nothing is compared`);
    return;
  }
  const mistakes: string[] = [];
  const sums = { cut: new Map<string, Found>(), loss: new Map<string, Found>() };
  for (const { name, kind, pcapPath } of readExpectedFiles(folder)) {
    if (kind === 'decap') continue;
    const packets: Seen[] = [];
    const whole = await readCapture(
      pcapPath,
      () => false,
      (packet) => packets.push(packet),
    );
    if (whole.calls.length === 0) continue;
    for (const variant of variantsOf(packets)) {
      const part = await readCapture(pcapPath, (frame) => variant.leavesOut.has(frame));
      mistakes.push(...findMistakes(whole, part).map((mistake) => `${name}, ${variant.name}: ${mistake}`));
      const missing = packets.filter(({ frame }) => variant.leavesOut.has(frame));
      const lastNs = missing.at(-1)?.timeNs ?? 0;
      const counts = countFound(whole, part, (flow, fromNs, toNs) =>
        variant.kind === 'cut'
          ? fromNs <= lastNs
          : missing.some((packet) => packet.flow === flow && packet.timeNs >= fromNs && packet.timeNs <= toNs),
      );
      for (const [protocol, { all, found }] of counts) {
        const sum = sums[variant.kind].get(protocol) ?? { all: 0, found: 0 };
        sums[variant.kind].set(protocol, sum);
        sum.all += all;
        sum.found += found;
      }
    }
  }
  assert.deepEqual(mistakes, []);
  for (const kind of ['cut', 'loss'] as const) {
    for (const [protocol, { all, found }] of sums[kind]) {
      const wanted = unreachable[`${kind} ${protocol}`] ?? enough[kind];
      assert.ok(found >= wanted * all, `${kind}: ${found} of ${all} calls of ${protocol} are found`);
    }
  }
});

const losses: readonly (readonly [share: number, seed: number])[] = [
  [0.01, 1],
  [0.01, 2],
  [0.05, 1],
  [0.05, 2],
  [0.05, 3],
];

/** Up to this many packets, each of them is lost once. */
const smallCapture = 64;

/** Without the first packets: quarters of them, and the handshake of the first connection. And with some data packets lost. */
function variantsOf(packets: readonly Seen[]): Variant[] {
  const firstData = packets.findIndex(({ isData }) => isData);
  const cuts = [0.25, 0.5, 0.75].map((share) => Math.floor(packets.length * share));
  const variants = [firstData, ...cuts].map(
    (count): Variant => ({
      name: `without the first ${count} packets`,
      kind: 'cut',
      leavesOut: new Set(packets.slice(0, count).map(({ frame }) => frame)),
    }),
  );
  for (const [share, seed] of losses) {
    const random = createRandom(seed);
    const lost = packets.filter(({ isData }) => isData && random() < share).map(({ frame }) => frame);
    variants.push({ name: `without packets ${lost.slice(0, 20).join()}`, kind: 'loss', leavesOut: new Set(lost) });
  }
  if (packets.length <= smallCapture) {
    for (const { frame } of packets.filter(({ isData }) => isData))
      variants.push({ name: `without packet ${frame}`, kind: 'loss', leavesOut: new Set([frame]) });
  }
  return variants.filter(({ leavesOut }) => leavesOut.size > 0);
}

/** Numbers below 1 that are the same for the same seed (a linear congruential generator of 32 bits). */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
