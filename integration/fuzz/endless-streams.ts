/** Messages that never end, endless requests that nobody answers, and compressed ones that are larger than they look: memory stays bounded. */
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { deflateSync, zstdCompressSync } from 'node:zlib';
import type { Side } from '../../flow/l7/message.ts';
import { protocols } from '../../flow/l7/protocols.ts';
import { cpuMs, Player } from './parser-campaign.ts';
import type { Conversation } from './parser-seeds.ts';
import { Random } from './random.ts';

export interface EndlessCampaign {
  readonly protocol: string;
  readonly seed: number;
  readonly rounds: number;
  readonly seeds: ReadonlyMap<string, readonly Conversation[]>;
  readonly streamBytes: number;
  /** A stream is given up after so long, as bombs are small and there would be very many of them. */
  readonly streamMs: number;
  readonly pieceLimitMs: number;
  onFinding(what: string, error: Error): void;
}

export interface EndlessFigures {
  streams: number;
  /** Bytes sent; a stream ends early when its connection is given up. */
  bytes: number;
  slowestMs: number;
  /** Most that one connection held when all garbage was gone. */
  heldBytes: number;
}

const pieceBytes = 16 * 1024;
/** 16 Mi characters of texts may wait for answers, in up to 32 MiB, with what was made of them and the marks of those given up. */
const mostHeldBytes = 96 * 1024 * 1024;
const megabyte = 1024 * 1024;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** What fills a message without an end: bytes, lines, and what opens a list or a structure in one protocol or another. */
const fillings = [
  '\0',
  '\xff',
  'a',
  ' ',
  '\r\n',
  'a: b\r\n',
  '*1\r\n',
  '{"a":[',
  '\x0c\0\x01',
  '\x0a',
  '\x03a\0\0',
  'H',
  'F\0\0\xff\xff',
];

export async function runEndlessCampaign(campaign: EndlessCampaign): Promise<EndlessFigures> {
  const figures = { streams: 0, bytes: 0, slowestMs: 0, heldBytes: 0 };
  const own = campaign.seeds.get(campaign.protocol) ?? [];
  for (let round = 0; round < campaign.rounds && own.length > 0; round++) {
    const random = new Random(campaign.seed, round);
    const conversation = random.pick(own);
    const player = new Player(conversation.transport, conversation.serverPort);
    const { pieces } = conversation;
    const stopped = random.below(Math.min(40, pieces.length));
    const piece = pieces[stopped]!;
    const begun = Buffer.from(piece.bytes.subarray(0, 1 + random.below(Math.max(1, piece.bytes.length))));
    if (random.oneIn(2) && begun.length >= 4)
      begun.writeUIntBE(0x7fff_ffff, random.below(Math.min(9, begun.length - 3)), 4);
    const repeated = random.oneIn(3) ? piece.bytes : Buffer.from(random.pick(fillings), 'latin1');
    await campaignStream(campaign, figures, `endless stream ${round}`, player, () => {
      player.play(pieces.slice(0, stopped), 1);
      player.send(piece.side, begun);
      return [piece.side, fill(repeated)];
    });
  }
  for (const [index, bomb] of (bombs[campaign.protocol]?.() ?? []).entries()) {
    const { ports } = protocols.find(({ name }) => name === campaign.protocol)!;
    const player = new Player('tcp', ports[0] ?? 0);
    await campaignStream(campaign, figures, `bomb ${index}`, player, () => [0, bomb]);
  }
  return figures;
}

/** Sends the same piece again and again. */
async function campaignStream(
  { streamBytes, streamMs, pieceLimitMs, onFinding }: EndlessCampaign,
  figures: EndlessFigures,
  what: string,
  player: Player,
  begin: () => [Side, Buffer],
): Promise<void> {
  figures.streams++;
  const before = await held();
  try {
    const [side, piece] = begin();
    const endMs = performance.now() + streamMs;
    for (let sent = 0; sent < streamBytes && performance.now() < endMs; sent += piece.length) {
      const startMs = cpuMs();
      const wanted = player.send(side, piece);
      player.flush();
      const tookMs = cpuMs() - startMs;
      figures.slowestMs = Math.max(figures.slowestMs, tookMs);
      if (tookMs > pieceLimitMs) throw new Error(`a piece took ${tookMs.toFixed(1)} ms`);
      figures.bytes += piece.length;
      if (!wanted) break;
    }
    const grown = (await held()) - before;
    figures.heldBytes = Math.max(figures.heldBytes, grown);
    if (grown > mostHeldBytes) throw new Error(`the connection holds ${grown} bytes`);
    player.finish();
  } catch (error) {
    onFinding(what, error as Error);
  }
}

/**
 * Bytes in use. Buffers and compressors that nobody refers to are given back by another thread
 * and by callbacks after a collection, so it is repeated until nothing more comes of it.
 */
async function held(): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let inVain = 0; inVain < 3; inVain++) {
    collectGarbage();
    await setImmediate();
    const { heapUsed, external } = process.memoryUsage();
    if (heapUsed + external < least - megabyte) inVain = 0;
    least = Math.min(least, heapUsed + external);
  }
  return least;
}

function fill(unit: Buffer): Buffer {
  return Buffer.alloc(Math.max(unit.length, pieceBytes), unit.length > 0 ? unit : '\0');
}

/** Requests whose compressed text is a thousand times as long, and long ones that nobody answers. */
const bombs: Readonly<Record<string, () => Buffer[]>> = {
  mysql() {
    const query = (bytes: number) => {
      const text = Buffer.alloc(bytes, ' ');
      text.write('\0\0\0\0\x03select 1', 'latin1');
      text.writeUIntLE(bytes - 4, 0, 3);
      return text;
    };
    const compressed = (inner: Buffer, pack: (bytes: Buffer) => Buffer, claimed = inner.length) => {
      const data = pack(inner);
      const head = Buffer.alloc(7);
      head.writeUIntLE(data.length, 0, 3);
      head.writeUIntLE(claimed, 4, 3);
      return Buffer.concat([head, data]);
    };
    return [
      compressed(query(16 * megabyte - 1), deflateSync),
      compressed(query(16 * megabyte - 1), zstdCompressSync),
      compressed(query(megabyte), deflateSync),
      compressed(query(megabyte), zstdCompressSync),
      compressed(query(16 * megabyte - 1), zstdCompressSync, 4096),
      query(60_000),
    ];
  },
  mongodb() {
    const message = (compressor: number, pack: (bytes: Buffer) => Buffer, bytes: number, claimed: number) => {
      const filler = Buffer.alloc(bytes, 'a');
      const body = Buffer.concat([
        Buffer.from('\x02insert\0\x02\0\0\0x\0\x02$db\0\x02\0\0\0d\0\x02a\0', 'latin1'),
        int32(bytes + 1),
        filler,
        Buffer.from([0, 0]),
      ]);
      const data = pack(Buffer.concat([Buffer.from([0, 0, 0, 0, 0]), int32(body.length + 4), body]));
      const head = [int32(25 + data.length), int32(1), int32(0), int32(2012), int32(2013), int32(claimed)];
      return Buffer.concat([...head, Buffer.from([compressor]), data]);
    };
    const long = 40 * megabyte;
    return [
      message(2, deflateSync, long, long),
      message(3, zstdCompressSync, long, long),
      message(2, deflateSync, megabyte - 100, megabyte),
      message(3, zstdCompressSync, megabyte - 100, megabyte),
      message(3, zstdCompressSync, long, 1000),
      message(2, deflateSync, long, 0x7fffffff),
    ];
  },
  postgresql() {
    const query = Buffer.alloc(60_000, ' ');
    query.write('Q\0\0\0\0select 1', 'latin1');
    query.writeUInt32BE(query.length - 1, 1);
    query[query.length - 1] = 0;
    return [query];
  },
  http1: () => [
    Buffer.from(`GET /${'a'.repeat(50_000)} HTTP/1.1\r\nHost: a\r\n\r\n`),
    Buffer.from(`GET /${'\u4e00'.repeat(4000)} HTTP/1.1\r\nHost: a\r\nUser-Agent: ${'a'.repeat(40_000)}\r\n\r\n`),
  ],
  redis: () => [Buffer.from(`*2\r\n$3\r\nGET\r\n$60000\r\n${'a'.repeat(60_000)}\r\n`)],
};

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}
