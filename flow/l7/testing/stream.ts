/** Feeds a protocol's parser bytes by hand, in any pieces, and collects messages, calls and spans: what parser tests use. */
import type { FlowIdentity, SocketFacts, Transport } from '../../identity.ts';
import { SpanWriter } from '../../otlp/span-writer.ts';
import { Analysis } from '../analysis.ts';
import { Connection } from '../connection.ts';
import { type ToldTable, ToldTables } from '../http2/told.ts';
import type { Message, Side } from '../message.ts';
import type { ProtocolOptions } from '../options.ts';
import type { Protocol } from '../protocol.ts';
import type { Outcome } from '../session.ts';
import { plainOptions } from './plain-options.ts';
import { readSpanText } from './span-text.ts';

export interface Call {
  protocol: string;
  outcome: Outcome;
  request: Message | null;
  response: Message | null;
  /** `NAME kind | key=value key=value …`, with `!` before the name of a failed one. */
  span: string;
}

export interface TestStream {
  readonly messages: Message[];
  readonly calls: Call[];
  readonly identity: FlowIdentity;
  readonly analysis: Analysis;
  /** Sends bytes as one piece; time goes on by one millisecond. Text is latin1. False: no more is wanted. */
  client(bytes: Uint8Array | string): boolean;
  server(bytes: Uint8Array | string): boolean;
  gap(side: Side, length: number): void;
  unseen(side: Side, length: number): void;
  /** What an observer inside the process saw before a block of HTTP/2. */
  told(side: Side, table: ToldTable): void;
  finish(side: Side): void;
  close(): void;
  /** Time goes on, and timeouts happen. */
  wait(seconds: number): void;
}

/** A connection whose only candidates are `protocols`. */
export function createTestStream(
  protocols: readonly Protocol[],
  options: Partial<ProtocolOptions> & { transport?: Transport; serverPort?: number; pieces?: number } = {},
): TestStream {
  const messages: Message[] = [];
  const calls: Call[] = [];
  const span = new SpanWriter();
  const analysis = new Analysis(
    protocols,
    { ...plainOptions, ...options },
    (protocol, _session, request, response, outcome) => {
      span.reset(true);
      protocol.describe(span, request, response);
      calls.push({ protocol: protocol.name, outcome, request, response, span: readSpanText(span) });
    },
    (_protocol, _session, message) => messages.push(message),
  );
  const tables = new ToldTables();
  const told: SocketFacts = {
    ...{ id: '', tlsLibrary: '', peerService: '' },
    takeWorker: () => null,
    awaitsBlock: (...block) => tables.awaits(...block),
    takeTable: (...block) => tables.take(...block),
  };
  const identity = {
    ...testIdentity(options.transport ?? 'tcp', options.serverPort ?? 1234),
    socket: null as SocketFacts | null,
  };
  const connection = new Connection(identity, analysis);
  const seqs = [1000, 5000];
  let nowNs = 0;
  let frame = 0;

  function send(side: Side, data: Uint8Array | string): boolean {
    const all = typeof data === 'string' ? Buffer.from(data, 'latin1') : Buffer.from(data);
    const size = options.pieces ?? (all.length || 1);
    let wanted = true;
    nowNs += 1e6;
    frame++;
    for (let at = 0; at < all.length; at += size) {
      const piece = Buffer.from(all.subarray(at, at + size));
      wanted = connection.data(side, piece, 0, piece.length, nowNs, seqs[side]!, frame);
      // What is kept has been copied: the parser must not look at the piece again.
      piece.fill(0xee);
      seqs[side]! += Math.min(size, all.length - at);
    }
    return wanted;
  }

  return {
    messages,
    calls,
    identity,
    analysis,
    client: (bytes) => send(0, bytes),
    server: (bytes) => send(1, bytes),
    gap(side, length) {
      seqs[side]! += length;
      connection.gap(side, length, nowNs);
    },
    told(side, table) {
      identity.socket = told;
      tables.tell(side, table);
    },
    unseen(side, length) {
      nowNs += 1e6;
      seqs[side]! += length;
      connection.unseen(side, length, nowNs);
    },
    finish: (side) => connection.finish(side, nowNs),
    close: () => connection.close(nowNs),
    wait(seconds) {
      nowNs += seconds * 1e9;
      analysis.tick(nowNs);
    },
  };
}

export function testIdentity(transport: Transport, serverPort: number): FlowIdentity {
  return {
    transport,
    isOlder: false,
    clientAddress: '10.0.0.1',
    clientPort: 40000,
    serverAddress: '10.0.0.2',
    serverPort,
    realClientAddress: '',
    realClientPort: 0,
    idHi: 1,
    idLo: 2,
    observationPoint: 'rest',
    interfaceName: 'test',
    tunnel: '',
    socket: null,
    protocol: '',
    requests: 0,
    responses: 0,
    clientErrors: 0,
    serverErrors: 0,
    timeouts: 0,
    answered: false,
    reverse() {
      [this.clientAddress, this.serverAddress] = [this.serverAddress, this.clientAddress];
      [this.clientPort, this.serverPort] = [this.serverPort, this.clientPort];
    },
  };
}
