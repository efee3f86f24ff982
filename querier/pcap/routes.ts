/** `/api/v1/pcap`: the kept packets of one connection, of addresses and ports, or of a time, as one pcapng file. */
import { Readable } from 'node:stream';
import { ipProtocols } from '../../flow/packet/packet.ts';
import { addressWords } from '../../flow/pcap/address.ts';
import { type PacketQuery, searchPackets, type WantedEnd } from '../../flow/pcap/search.ts';
import { QueryError } from '../errors.ts';
import { readLimit, readTimeRange } from '../request.ts';
import { type Answer, json, type Route, type RouteRequest } from '../route.ts';
import { type FoundFlow, findFlow } from './find-flow.ts';

const hourMs = 3_600_000;
const usualBytes = 64 << 20;
const mostBytes = 1 << 30;
const contentType = 'application/x-pcapng';

/** `directory` is where a cbpf receiver keeps packets; undefined when nothing was configured. */
export function pcapRoutes(directory: string | undefined): readonly Route[] {
  return [
    { method: 'GET', path: '/pcap', handle: (request) => answerPackets(directory, request) },
    { method: 'GET', path: '/pcap/kept', handle: async () => json({ kept: directory !== undefined }) },
  ];
}

async function answerPackets(directory: string | undefined, request: RouteRequest): Promise<Answer> {
  if (directory === undefined) {
    throw new QueryError(
      'UNSUPPORTED',
      'No packets are kept: set pcap::directory of the cbpf receiver and of the query extension to the same directory.',
    );
  }
  const pieces = searchPackets(directory, await readQuery(request));
  let first: IteratorResult<Uint8Array>;
  try {
    first = await pieces.next();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new QueryError('NOT_FOUND', `No packets are kept in ${directory} yet.`, { cause: error });
  }
  if (first.done) throw new QueryError('NOT_FOUND', 'No packets of this connection and time are kept.');
  return { kind: 'stream', contentType, body: Readable.from(joined(first.value, pieces)) };
}

async function* joined(first: Uint8Array, rest: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first;
  yield* rest;
}

async function readQuery({ store, query, nowMs, signal }: RouteRequest): Promise<PacketQuery> {
  const maxBytes = readLimit(query, 'limit', usualBytes, mostBytes);
  const id = query.get('flow') ?? '';
  if (id !== '') {
    if (!/^[0-9a-fA-F]{16}$/.test(id)) throw new QueryError('BAD_REQUEST', 'flow must be 16 hex digits');
    const flow = await findFlow(store, id.toLowerCase(), signal);
    if (flow === undefined) {
      throw new QueryError('NOT_FOUND', `No flow ${id} is stored. Flows are stored every minute and when they end.`);
    }
    return { ...ofFlow(flow), maxBytes, signal };
  }
  const { fromNs, toNs } = readTimeRange(query, 'ms', nowMs, hourMs);
  return {
    ends: [readEnd(query, 'client'), readEnd(query, 'server')],
    protocol: readProtocol(query),
    fromMs: Number(fromNs / 1_000_000n),
    toMs: Number(toNs / 1_000_000n) + 1,
    maxBytes,
    signal,
  };
}

/** Ports of ICMP are its identifier, on both sides. */
function ofFlow(flow: FoundFlow): Omit<PacketQuery, 'maxBytes'> {
  const client = { address: addressWords(flow.clientAddress), port: flow.clientPort || undefined };
  const server = { address: addressWords(flow.serverAddress), port: flow.serverPort || undefined };
  return {
    ends: [client, server],
    protocol: protocolNumber(flow.transport),
    fromMs: Number(flow.startNs) / 1e6 - 1,
    toMs: Number(flow.endNs) / 1e6 + 1,
  };
}

/** `client_address` and `client_port`, or `server_…`; the two ends may be given the other way round. */
function readEnd(query: URLSearchParams, side: 'client' | 'server'): WantedEnd {
  const text = query.get(`${side}_address`) ?? '';
  const address = addressWords(text);
  if (text !== '' && address === undefined) {
    throw new QueryError('BAD_REQUEST', `${side}_address must be an IP address`);
  }
  const portText = query.get(`${side}_port`) ?? '';
  const port = portText === '' ? undefined : Number(portText);
  if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port <= 65535)) {
    throw new QueryError('BAD_REQUEST', `${side}_port must be a port`);
  }
  return { address, port };
}

function readProtocol(query: URLSearchParams): number | undefined {
  const text = query.get('protocol') ?? '';
  if (text === '') return undefined;
  const number = protocolNumber(text);
  if (number === undefined) throw new QueryError('BAD_REQUEST', 'protocol is tcp, udp, icmp, icmpv6, sctp or a number');
  return number;
}

function protocolNumber(name: string): number | undefined {
  if (/^\d{1,3}$/.test(name)) return Number(name);
  return Object.hasOwn(ipProtocols, name) ? ipProtocols[name as keyof typeof ipProtocols] : undefined;
}
