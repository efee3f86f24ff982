/** Reads the messages of a capture with the collector's own analyser, in the words of the conformance set. */
import { flowIdText } from '../../flow/identity.ts';
import type { Message } from '../../flow/l7/message.ts';
import type { Session } from '../../flow/l7/session.ts';
import type { ExpectedFile } from './expected.ts';
import type { Observation, ObservedFlow, ObservedMessage } from './observation.ts';
import { playCapture } from './play.ts';

interface Seen {
  message: Message;
  session: Session;
  /** Nanoseconds from the request's packet to this response's. */
  rrtNs: number | undefined;
}

/** Every message of every flow, in capture order. */
export async function observeL7(file: ExpectedFile): Promise<Observation> {
  const seen: Seen[] = [];
  const byMessage = new Map<Message, Seen>();
  await playCapture(file.pcapPath, {
    onMessage(_protocol, session, message) {
      const entry: Seen = { message, session, rrtNs: undefined };
      seen.push(entry);
      byMessage.set(message, entry);
    },
    onCall(_protocol, _session, request, response) {
      if (request === null || response === null) return;
      const first = request.first ?? response;
      byMessage.get(first)!.rrtNs = first.timeNs - request.timeNs;
    },
  });
  return observation(seen);
}

function observation(seen: Seen[]): Observation {
  const flows: ObservedFlow[] = [];
  const numbers = new Map<string, number>();
  const ordered = seen.map((entry, index) => ({ entry, index }));
  ordered.sort((a, b) => a.entry.message.frame - b.entry.message.frame || a.index - b.index);
  const messages = ordered.map(({ entry }) => {
    const { identity } = entry.session;
    const id = flowIdText(identity);
    let flow = numbers.get(id);
    if (flow === undefined) {
      flow = flows.length;
      numbers.set(id, flow);
      flows.push({
        client: end(identity.clientAddress, identity.clientPort),
        server: end(identity.serverAddress, identity.serverPort),
        l4: identity.transport,
      });
    }
    return describe(entry, flow);
  });
  return { flows, messages, packets: [] };
}

function describe({ message, rrtNs }: Seen, flow: number): ObservedMessage {
  const { kind, facts, trace } = message;
  const own = Object.fromEntries(facts ?? []);
  const { requestId, records, ...attributes } = own;
  const length = message.length < 0 ? undefined : message.length;
  return {
    frame: message.frame,
    flow,
    dir: message.side === 0 ? 'c2s' : 's2c',
    type: kind,
    method: known(message.method),
    resource: known(message.resource),
    endpoint: known(message.endpoint),
    domain: known(message.domain),
    requestId: requestId ?? known(message.id),
    version: known(message.version),
    statusCode: known(message.statusCode),
    status: known(message.status),
    result: known(message.result),
    error: known(message.error),
    traceId: known(trace?.traceId ?? ''),
    spanId: known(trace?.spanId ?? ''),
    requestLength: kind === 'response' ? undefined : length,
    responseLength: kind === 'response' ? length : undefined,
    frameLength: message.frameLength < 0 ? undefined : message.frameLength,
    rrtUs: rrtNs === undefined ? undefined : Math.round(rrtNs / 1000),
    records,
    attributes,
  };
}

/** The set leaves out what is not known. */
function known<Value extends string | number>(value: Value): Value | undefined {
  return value === '' ? undefined : value;
}

function end(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
