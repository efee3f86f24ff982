/** A run of many cases: makes each from its number, checks it, and keeps the figures. */
import type { Signal } from '../../pdata/batch.ts';
import { codecs } from '../../pdata/otlp/codecs.ts';
import { messageFacts, requests } from './descriptors.ts';
import { randomMessage } from './grammar.ts';
import { checkJsonText, spoiledJson } from './json-cases.ts';
import { mutateBytes, mutateTree } from './mutate.ts';
import { type Node, parseNodes, writeNodes } from './nodes.ts';
import { checkMessage } from './properties.ts';
import { Random } from './random.ts';

export interface Campaign {
  signal: Signal;
  /** What is made and checked: protobuf messages, or JSON texts. */
  encoding: 'protobuf' | 'json';
  seed: number;
  /** Number of the first case and of the one after the last. */
  from: number;
  to: number;
  /** Valid requests to start from, beside the random ones. */
  samples: readonly Uint8Array[];
  /** A case may take this long of the processor; a longer one is a finding. */
  caseLimitMs: number;
  onFinding: (finding: Finding) => void;
}

export interface Finding {
  signal: Signal;
  encoding: 'protobuf' | 'json';
  seed: number;
  index: number;
  bytes: Uint8Array;
  error: Error;
}

export interface Figures {
  cases: number;
  accepted: number;
  refused: number;
  bytes: number;
  slowestMs: number;
}

export function runCampaign(campaign: Campaign): Figures {
  const { signal, encoding, seed, from, to } = campaign;
  const check = encoding === 'json' ? checkJsonText : checkMessage;
  const figures: Figures = { cases: 0, accepted: 0, refused: 0, bytes: 0, slowestMs: 0 };
  for (let index = from; index < to; index++) {
    const bytes = makeCase(campaign, index);
    const startMs = cpuMs();
    try {
      figures[check(signal, bytes)]++;
    } catch (error) {
      campaign.onFinding({ signal, encoding, seed, index, bytes, error: error as Error });
    }
    const tookMs = cpuMs() - startMs;
    figures.slowestMs = Math.max(figures.slowestMs, tookMs);
    if (tookMs > campaign.caseLimitMs) {
      const error = new Error(`took ${Math.round(tookMs)} ms of the processor`);
      campaign.onFinding({ signal, encoding, seed, index, bytes, error });
    }
    figures.cases++;
    figures.bytes += bytes.length;
  }
  return figures;
}

/** Processor time: a busy machine must not look like a slow reader. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** The bytes of case `index`. Of the messages a quarter of the cases is left as made, a quarter changed byte by byte. */
export function makeCase({ signal, encoding, seed, samples }: Campaign, index: number): Uint8Array {
  const random = new Random(seed, index);
  const tree = startTree(random, signal, samples);
  if (encoding === 'json') {
    const other = validMessage(signal, startTree(random, signal, samples));
    return spoiledJson(random, signal, validMessage(signal, tree), other);
  }
  const way = random.below(4);
  if (way > 0) {
    const other = startTree(random, signal, samples);
    if (way < 3) for (let i = 1 + random.below(3); i > 0; i--) mutateTree(random, tree, other);
    if (way > 1) {
      let bytes = writeNodes(tree);
      for (let i = 1 + random.below(2); i > 0; i--) bytes = mutateBytes(random, bytes, writeNodes(other));
      return bytes;
    }
  }
  return writeNodes(tree);
}

/** The tree's bytes, or an empty message where the grammar made something that is refused. */
function validMessage(signal: Signal, tree: Node[]): Uint8Array {
  const bytes = writeNodes(tree);
  try {
    codecs[signal].check(bytes);
    return bytes;
  } catch {
    return new Uint8Array(0);
  }
}

function startTree(random: Random, signal: Signal, samples: readonly Uint8Array[]): Node[] {
  const facts = messageFacts(requests[signal]);
  if (samples.length > 0 && random.oneIn(4)) return parseNodes(facts, random.pick(samples));
  return randomMessage(random, facts, { fields: 10 + random.below(30) });
}
