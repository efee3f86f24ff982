/** Finds the spans of a call that somebody says they made. */
import type { SeenSpan } from '../live/spans.ts';
import type { TrueCall, TrueRequest } from './truth.ts';

/** The kernel's clock of system calls and the wall clock of services are this far apart at most. */
const clocksApartNs = 20_000;

export const text = (span: SeenSpan, key: string): string => String(span.attributes[key] ?? '');

/** A span as the matching asks about it: looked up by what tells calls apart. */
export class SpanIndex {
  readonly #byTarget = new Map<string, SeenSpan[]>();
  readonly #byPorts = new Map<string, SeenSpan[]>();
  readonly #byRequestId = new Map<string, SeenSpan[]>();

  add(spans: readonly SeenSpan[]): void {
    for (const span of spans) {
      push(this.#byTarget, targetOf(span), span);
      push(this.#byRequestId, text(span, 'deepflow.x_request_id'), span);
      push(this.#byPorts, `${text(span, 'client.port')} ${portOf(span)}`, span);
    }
  }

  /** Spans of this call, at any point. HTTP calls have a target of their own; others one connection and a time. */
  find(call: TrueCall): SeenSpan[] {
    if (call.requestId !== undefined) return this.#byRequestId.get(call.requestId) ?? [];
    const port = call.address.slice(call.address.lastIndexOf(':') + 1);
    // What a proxy passes on has the same target, at another port.
    if (call.protocol === 'http')
      return (this.#byTarget.get(call.target) ?? []).filter((span) => portOf(span) === port);
    const there =
      call.localPort === 0 ? this.#byTarget.get(call.target) : this.#byPorts.get(`${call.localPort} ${port}`);
    return (there ?? []).filter((span) => isWithin(span, call) && isOfProtocol(span, call));
  }

  /** The span of a request at the server's side. */
  findRequest(request: TrueRequest): SeenSpan | undefined {
    const { localPort, remotePort, target, requestId } = request;
    const there =
      requestId !== undefined
        ? this.#byRequestId.get(requestId)
        : request.protocol === 'grpc'
          ? this.#byPorts.get(`${remotePort} ${localPort}`)
          : this.#byTarget.get(target);
    return there?.find(
      (span) =>
        text(span, 'deepflow.observation_point') === 's-p' &&
        Number(span.resource['process.pid']) === request.pid &&
        (requestId !== undefined || contains(span, request)),
    );
  }
}

/** Where the server's port is hidden by a name in the call, the socket's own is beside it. */
function portOf(span: SeenSpan): string {
  return text(span, 'network.peer.port') || text(span, 'network.local.port') || text(span, 'server.port');
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

function targetOf(span: SeenSpan): string {
  const query = text(span, 'url.query');
  const path = text(span, 'url.path');
  return path === '' ? text(span, 'db.query.text') : query === '' ? path : `${path}?${query}`;
}

export function isWithin({ startNs, endNs }: SeenSpan, call: { start: number; end: number }): boolean {
  return startNs >= call.start - clocksApartNs && endNs <= call.end + clocksApartNs;
}

/** The service is called after its request was read, and says that it has ended around the time when its answer is written. */
function contains({ startNs, endNs }: SeenSpan, { start, end }: { start: number; end: number }): boolean {
  return startNs <= start + clocksApartNs && endNs >= start && endNs <= end + answeredLateNs;
}

/** Servers hand an answer to their runtime, which may write it after the service noted its end. */
const answeredLateNs = 1e9;

/** Handshakes, preparations and the like share a connection with calls, not their kind. */
function isOfProtocol(span: SeenSpan, { protocol, method, target }: TrueCall): boolean {
  switch (protocol) {
    case 'grpc':
      return text(span, 'rpc.system.name') === 'grpc';
    case 'kafka':
      return text(span, 'deepflow.kafka.api') === method;
    case 'mysql':
    case 'postgresql':
      return text(span, 'db.query.text') !== '';
    case 'redis':
      return text(span, 'db.query.text').toUpperCase() === target.toUpperCase();
    case 'http':
      return true;
    default:
      return protocol satisfies never;
  }
}

/** What a span says of the target that is wrong; empty when nothing is. */
export function wrongTarget(span: SeenSpan, { protocol, method, target }: TrueCall): string {
  const said = {
    http: targetOf(span),
    grpc: `/${text(span, 'rpc.method')}`,
    kafka: text(span, 'messaging.destination.name'),
  };
  const seen = protocol in said ? said[protocol as keyof typeof said] : text(span, 'db.query.text');
  // Drivers write parameters in a way of their own: `?` of JDBC is `$1` on the wire.
  const same = protocol === 'postgresql' ? seen.startsWith(method) : seen.toUpperCase() === target.toUpperCase();
  if (!same) return `target ${seen} instead of ${target}`;
  if (protocol === 'http' && text(span, 'http.request.method') !== method)
    return `method ${text(span, 'http.request.method')} instead of ${method}`;
  return '';
}

/** grpc-go's names of the statuses that occur here. */
const grpcStatus: Record<string, string> = { OK: 'OK', NOT_FOUND: 'NotFound', UNAVAILABLE: 'Unavailable' };

/** The outcome in the words of whoever made the call. */
export function statusOf(span: SeenSpan, { protocol }: TrueCall): string {
  if (protocol === 'http') return text(span, 'http.response.status_code');
  if (protocol === 'grpc')
    return grpcStatus[text(span, 'rpc.response.status_code')] ?? text(span, 'rpc.response.status_code');
  return text(span, 'db.response.status_code') || (span.failed ? text(span, 'error.type') : 'ok');
}
