/** Runs spoilt conversations through the parsers up to finished OTLP messages and checks what must hold whatever the bytes are. */
import { CallWriter } from '../../flow/calls/call-writer.ts';
import type { Transport } from '../../flow/identity.ts';
import { Analysis } from '../../flow/l7/analysis.ts';
import { Connection } from '../../flow/l7/connection.ts';
import type { Side } from '../../flow/l7/message.ts';
import { protocols } from '../../flow/l7/protocols.ts';
import { plainOptions } from '../../flow/l7/testing/plain-options.ts';
import { testIdentity } from '../../flow/l7/testing/stream.ts';
import { createCaptureClock } from '../../flow/packet/clock.ts';
import { Batch } from '../../pdata/batch.ts';
import { mutateConversation } from './parser-mutations.ts';
import type { Conversation, Piece } from './parser-seeds.ts';
import { Random } from './random.ts';

export interface ParserCampaign {
  readonly protocol: string;
  readonly seed: number;
  readonly from: number;
  readonly to: number;
  readonly seeds: ReadonlyMap<string, readonly Conversation[]>;
  readonly caseLimitMs: number;
  onFinding(index: number, pieces: readonly Piece[], error: Error): void;
}

export interface ParserFigures {
  cases: number;
  /** Pieces played, messages that parsers found in them, spans written. */
  pieces: number;
  messages: number;
  spans: number;
  slowestMs: number;
  slowestCase: number;
  /** Largest resident memory seen. */
  memoryBytes: number;
}

/** Unread bytes of one connection: a window a side, grown by the piece that fills it. */
export const mostWindowBytes = 512 * 1024;
const mostMemoryBytes = 1536 * 1024 * 1024;

export function runParserCampaign(campaign: ParserCampaign): ParserFigures {
  const { protocol, seed, from, to, seeds, caseLimitMs } = campaign;
  const own = seeds.get(protocol) ?? [];
  const figures = { cases: 0, pieces: 0, messages: 0, spans: 0, slowestMs: 0, slowestCase: 0, memoryBytes: 0 };
  if (own.length === 0) return figures;
  const strangers = [...seeds.values()].map((conversations) => conversations[0]!);
  for (let index = from; index < to; index++) {
    const random = new Random(seed, index);
    const conversation = random.pick(own);
    const { transport } = conversation;
    const pieces = mutateConversation(random, conversation, own, strangers);
    const port = random.oneIn(8) ? random.below(65_536) : conversation.serverPort;
    figures.cases++;
    figures.pieces += pieces.length;
    try {
      let tookMs = Number.POSITIVE_INFINITY;
      // A slow case is played again: it was slow only if it is slow each time.
      for (let times = 0; times < 3 && tookMs > caseLimitMs; times++) {
        const player = new Player(transport, port);
        const startMs = cpuMs();
        player.play(pieces, index);
        const written = player.finish();
        tookMs = Math.min(tookMs, cpuMs() - startMs);
        if (times > 0) continue;
        figures.messages += player.messages;
        figures.spans += written;
      }
      if (tookMs > figures.slowestMs) {
        figures.slowestMs = tookMs;
        figures.slowestCase = index;
      }
      if (tookMs > caseLimitMs) throw new Error(`took ${tookMs.toFixed(1)} ms`);
      if (index % 1024 === 0 || index === to - 1) {
        figures.memoryBytes = Math.max(figures.memoryBytes, process.memoryUsage.rss());
        if (figures.memoryBytes > mostMemoryBytes) throw new Error(`${figures.memoryBytes} bytes resident`);
      }
    } catch (error) {
      campaign.onFinding(index, pieces, error as Error);
    }
  }
  return figures;
}

/** Time of this thread on a processor, which other programs do not lengthen. */
export function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** Pieces are lent from here and overwritten after the call, as a packet ring does. */
const lent = Buffer.alloc(256 * 1024);

/** Plays pieces as one connection's. */
export class Player {
  /** Requests and responses of the calls. */
  messages = 0;
  /** Spans that were already read back by {@link flush}. */
  spans = 0;
  readonly analysis: Analysis;
  readonly connection: Connection;
  readonly #calls: CallWriter;
  readonly #seqs = [0xffff_f000, 5000];
  #timeNs = 1e9;
  #frame = 0;
  #written = 0;

  constructor(transport: Transport, serverPort: number) {
    this.#calls = new CallWriter({ clock: createCaptureClock(1_700_000_000), version: 'fuzz', hostName: 'fuzz' });
    this.analysis = new Analysis(protocols, plainOptions, (protocol, session, request, response, outcome) => {
      this.#written++;
      this.messages += Number(request !== null) + Number(response !== null);
      this.#calls.write(protocol, session, request, response, outcome);
    });
    this.connection = new Connection(testIdentity(transport, serverPort), this.analysis);
  }

  /** Sides end, and time runs out in between, in some of the cases. */
  play(pieces: readonly Piece[], index: number): void {
    const late = index % 4 === 0 ? index % (pieces.length + 1) : -1;
    for (let at = 0; at < pieces.length; at++) {
      if (at === late) this.#wait(200);
      const { side, bytes, lost } = pieces[at]!;
      const wanted = lost > 0 ? this.#lose(side, lost) : this.send(side, bytes);
      if (!wanted) break;
    }
    if (index % 2 === 0) for (const side of [0, 1] as const) this.connection.finish(side, this.#timeNs);
  }

  send(side: Side, bytes: Buffer): boolean {
    const start = this.#frame % 7;
    const end = start + bytes.copy(lent, start);
    this.#timeNs += 1e6;
    this.#frame++;
    const wanted = this.connection.data(side, lent, start, end, this.#timeNs, this.#seqs[side]!, this.#frame);
    lent.fill(0xee, start, end);
    this.#seqs[side] = (this.#seqs[side]! + bytes.length) >>> 0;
    const { usedBytes } = this.analysis.windows;
    if (usedBytes > mostWindowBytes) throw new Error(`windows hold ${usedBytes} bytes`);
    return wanted;
  }

  #wait(seconds: number): void {
    this.#timeNs += seconds * 1e9;
    this.analysis.tick(this.#timeNs);
  }

  #lose(side: Side, length: number): boolean {
    this.#seqs[side] = (this.#seqs[side]! + length) >>> 0;
    this.connection.gap(side, length, this.#timeNs);
    return true;
  }

  /** Reads back the spans that are written: they must be as many as there were calls. */
  flush(): void {
    const message = this.#calls.take();
    const read = message === null ? 0 : Batch.fromWire('traces', message).columns.items;
    if (read !== this.#written) throw new Error(`${this.#written} calls were written, ${read} spans read`);
    this.spans += read;
    this.#written = 0;
  }

  /** Ends the connection: nothing may be kept of it. Returns the number of its spans. */
  finish(): number {
    this.connection.close(this.#timeNs);
    this.flush();
    const { usedBytes } = this.analysis.windows;
    if (usedBytes !== 0) throw new Error(`windows still hold ${usedBytes} bytes after the end`);
    for (const protocol of protocols) {
      const { size } = this.analysis.waiting(protocol);
      if (size !== 0) throw new Error(`${size} requests of ${protocol.name} still wait after the end`);
    }
    return this.spans;
  }
}
