/**
 * Counts spans as calls.
 *
 * Spans of kind server, client, producer and consumer are calls; internal ones are not. A call counts at the time it ended,
 * when its outcome is known. `server` is who answers and `client` who asks, whichever of them was observed: see README of
 * this folder for how both are found, and for which observation point a service's own figures take.
 */
import type { Batch } from '../../pdata/batch.ts';
import { ColumnMemory } from '../../pdata/column-memory.ts';
import { AttributeFinder, intOf, isString, stringLength, stringOffset } from '../../pdata/otlp/attribute-finder.ts';
import { findServices } from '../../pdata/otlp/services.ts';
import type { TraceColumns } from '../../pdata/otlp/traces.gen.ts';
import { callMetrics, counterOf } from '../../pdata/schema/red-metrics.ts';
import type { Accounting } from './accounting.ts';
import { SeriesKey } from './series-key.ts';
import { isProcessPoint } from './sightings.ts';
import { differenceNs, secondsOf } from './time.ts';

const keys = [
  'client.address',
  'server.address',
  'server.port',
  'peer.service',
  'service.peer.name',
  'deepflow.protocol',
  'deepflow.observation_point',
  'deepflow.call.outcome',
  'deepflow.request.size',
  'deepflow.response.size',
  'http.request.body.size',
  'http.response.body.size',
  'http.response.status_code',
  'error.type',
  'http.request.method',
  'rpc.system.name',
  'rpc.system',
  'db.system.name',
  'db.system',
  'messaging.system',
  'dns.question.name',
  'network.peer.address',
  'network.peer.port',
  'network.local.address',
  'network.local.port',
] as const;
type Key = (typeof keys)[number];
const numberOf = Object.fromEntries(keys.map((key, number) => [key, number])) as Record<Key, number>;

const numbersOf = (...some: Key[]) => some.map((one) => numberOf[one]);
/** Attributes that name the protocol, the client, and the service that is asked: the first that is there does. */
const protocolKeys = numbersOf(
  'deepflow.protocol',
  'rpc.system.name',
  'rpc.system',
  'db.system.name',
  'db.system',
  'messaging.system',
);
/** Observation points at the client's side, and no others, begin with it. */
const letterC = 0x63;
const clientKeys = numbersOf('client.address', 'network.peer.address');
const peerKeys = numbersOf('service.peer.name', 'peer.service');
const http = Buffer.from('HTTP');
const dns = Buffer.from('DNS');
const nothing = Buffer.alloc(0);
const kinds = ['', 'internal', 'server', 'client', 'producer', 'consumer'].map((kind) => Buffer.from(kind));
const clientApp = Buffer.from('c-app');
const serverApp = Buffer.from('s-app');
const outcomes = {
  oneWay: Buffer.from('one_way'),
  timeout: Buffer.from('timeout'),
  unanswered: Buffer.from('unanswered'),
  unmatchedResponse: Buffer.from('unmatched_response'),
};
const statusError = 2;

const counters = {
  requests: counterOf(callMetrics, 'requests'),
  responses: counterOf(callMetrics, 'responses'),
  clientErrors: counterOf(callMetrics, 'client_errors'),
  serverErrors: counterOf(callMetrics, 'server_errors'),
  timeouts: counterOf(callMetrics, 'timeouts'),
  requestBytes: counterOf(callMetrics, 'request_bytes'),
  responseBytes: counterOf(callMetrics, 'response_bytes'),
};

/** Gives a function that counts a batch; it keeps nothing of the batch. */
export function createCallCounter(accounting: Accounting): (batch: Batch<'traces'>) => void {
  const finder = new AttributeFinder(keys);
  const key = new SeriesKey();
  const memory = new ColumnMemory<'traces'>();

  return (batch) => {
    const columns = memory.columnsOf(batch);
    const services = findServices(columns);
    for (let span = 0; span < columns.spans.rows; span++) {
      const kind = columns.spans.kind[span]!;
      if (kind >= 2 && kind <= 5) count(columns, services, span, kind);
      else accounting.ignored++;
    }
  };

  function count(columns: TraceColumns, services: Uint32Array, span: number, kind: number): void {
    const { arena, spans, spanAttributes: table } = columns;
    finder.find(arena, table, spans.attributesStart[span]!, spans.attributesStart[span + 1]!);
    writeKey(columns, services, span, kind);
    const series = accounting.series.seriesOf(key);

    const { rowOf } = finder;
    const outcome = rowOf[numberOf['deepflow.call.outcome']]!;
    const hasRequest = !isString(arena, table, outcome, outcomes.unmatchedResponse);
    const isTimeout = isString(arena, table, outcome, outcomes.timeout);
    const hasResponse =
      !isTimeout &&
      !isString(arena, table, outcome, outcomes.oneWay) &&
      !isString(arena, table, outcome, outcomes.unanswered);
    const error = isTimeout ? counters.timeouts : errorOf(columns, span);
    const requestBytes = sizeOf(columns, 'deepflow.request.size', 'http.request.body.size');
    const responseBytes = sizeOf(columns, 'deepflow.response.size', 'http.response.body.size');
    const end = 2 * span;
    const { startTimeUnixNano: start, endTimeUnixNano: ends } = spans;
    const durationNs = differenceNs(start[end]!, start[end + 1]!, ends[end]!, ends[end + 1]!);
    const seconds = secondsOf(ends[end]!, ends[end + 1]!);

    for (const timeline of accounting.timelinesAt(seconds)) {
      const window = timeline.windowFor(accounting.seconds);
      const place = window.placeOf(series);
      if (hasRequest) window.add(place, counters.requests, 1);
      if (hasResponse) window.add(place, counters.responses, 1);
      if (error >= 0) window.add(place, error, 1);
      if (requestBytes > 0) window.add(place, counters.requestBytes, requestBytes);
      if (responseBytes > 0) window.add(place, counters.responseBytes, responseBytes);
      if (hasRequest && hasResponse && durationNs >= 0) {
        window.histograms.record(window.histogram(place, 0), durationNs / 1e9);
      }
    }
    accounting.counted++;
  }

  /** Parts in the order of {@link callMetrics}'s dimensions, behind the service's. */
  function writeKey(columns: TraceColumns, services: Uint32Array, span: number, kind: number): void {
    const { arena, spans, spanAttributes: table } = columns;
    const { rowOf } = finder;
    const at = 4 * columns.scopes.resource[spans.scope[span]!]!;
    const serviceOffset = services[at + 2]!;
    const serviceLength = services[at + 3]!;
    const point = rowOf[numberOf['deepflow.observation_point']]!;
    const isWire = stringLength(table, point) > 0;
    const isProcess = isProcessPoint(arena, table, point);
    // Where it was seen tells whose span it is: a broker's own span of what it was sent is of kind producer, too.
    const asks = isWire ? arena[stringOffset(table, point)] === letterC : kind === 3 || kind === 4;

    key.begin();
    key.slice(arena, services[at]!, services[at + 1]!);
    key.slice(arena, serviceOffset, serviceLength);
    key.whole(kinds[kind]!);
    key.slice(arena, spans.name[2 * span]!, spans.name[2 * span + 1]!);
    const protocolPart = key.length;
    writeProtocol(columns);
    const protocolEnd = key.length;
    if (!asks) {
      writeClient(columns, isProcess);
      key.slice(arena, serviceOffset, serviceLength);
    } else {
      key.slice(arena, serviceOffset, serviceLength);
      writePeer(columns, isWire, isProcess);
    }
    if (!isWire) {
      key.whole(asks ? clientApp : serverApp);
      key.whole(nothing);
      return;
    }
    key.slice(arena, stringOffset(table, point), stringLength(table, point));
    writePlace(columns, isProcess, asks);
    key.extend(key.bytes, protocolPart + 2, protocolEnd - protocolPart - 2);
  }

  /** The server's end of the socket, which both of its sides know. */
  function writePlace({ arena, spanAttributes: table }: TraceColumns, isProcess: boolean, asks: boolean): void {
    const { rowOf } = finder;
    const own = numberOf[asks ? 'network.peer.address' : 'network.local.address'];
    const ownPort = numberOf[asks ? 'network.peer.port' : 'network.local.port'];
    const address = rowOf[stringLength(table, rowOf[own]!) > 0 ? own : numberOf['server.address']]!;
    const port = rowOf[rowOf[ownPort] === 0 ? numberOf['server.port'] : ownPort]!;
    const length = stringLength(table, address);
    key.place(isProcess, arena, length === 0 ? 0 : stringOffset(table, address), length, intOf(table, port, 0));
  }

  function writeProtocol(columns: TraceColumns): void {
    const row = firstString(columns, protocolKeys);
    if (row !== 0) writeString(columns, row);
    else if (finder.rowOf[numberOf['http.request.method']] !== 0) key.whole(http);
    else key.whole(finder.rowOf[numberOf['dns.question.name']] !== 0 ? dns : nothing);
  }

  /** A process on the same host may be known by name; else it is the address. */
  function writeClient(columns: TraceColumns, isProcess: boolean): void {
    const name = isProcess ? finder.rowOf[numberOf['service.peer.name']]! : 0;
    const isNamed = stringLength(columns.spanAttributes, name) > 0;
    writeString(columns, isNamed ? name : firstString(columns, clientKeys));
  }

  /**
   * Who is asked, as the caller knows it: a name, else address and port. Below an SDK the socket's own address comes before
   * the name that the call gives, because whoever looks at the server's side names it so; packets know no names at all.
   */
  function writePeer(columns: TraceColumns, isWire: boolean, isProcess: boolean): void {
    const { arena, spanAttributes: table } = columns;
    const { rowOf } = finder;
    const name = isWire && !isProcess ? 0 : firstString(columns, peerKeys);
    if (name !== 0) {
      writeString(columns, name);
      return;
    }
    const socket = isWire && stringLength(table, rowOf[numberOf['network.peer.address']]!) > 0;
    const address = rowOf[numberOf[socket ? 'network.peer.address' : 'server.address']]!;
    const length = stringLength(table, address);
    const serverPort = intOf(table, rowOf[numberOf['server.port']]!, 0);
    const port = socket ? intOf(table, rowOf[numberOf['network.peer.port']]!, serverPort) : serverPort;
    key.endpoint(arena, length === 0 ? 0 : stringOffset(table, address), length, port);
  }

  /** The first of the attributes that is a string with something in it; 0 when none is. */
  function firstString({ spanAttributes: table }: TraceColumns, numbers: readonly number[]): number {
    for (const number of numbers) if (stringLength(table, finder.rowOf[number]!) > 0) return finder.rowOf[number]!;
    return 0;
  }

  function writeString({ arena, spanAttributes: table }: TraceColumns, row: number): void {
    if (row === 0) key.whole(nothing);
    else key.slice(arena, stringOffset(table, row), stringLength(table, row));
  }

  function sizeOf({ spanAttributes: table }: TraceColumns, wire: Key, sdk: Key): number {
    const row = finder.rowOf[numberOf[wire]]!;
    return intOf(table, row === 0 ? finder.rowOf[numberOf[sdk]]! : row, 0);
  }

  /** The counter of what went wrong, or -1. A 4xx is the client's fault, also when the client calls it an error. */
  function errorOf({ spans, spanAttributes: table }: TraceColumns, span: number): number {
    const { rowOf } = finder;
    const status = intOf(table, rowOf[numberOf['http.response.status_code']]!, 0);
    if (status >= 400 && status < 500) return counters.clientErrors;
    if (spans.statusCode[span] === statusError) return counters.serverErrors;
    return rowOf[numberOf['error.type']] === 0 ? -1 : counters.clientErrors;
  }
}
