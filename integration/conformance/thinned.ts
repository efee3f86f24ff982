/** Reads a capture without some of its packets, and gives its calls with what tells them apart. */
import type { FlowIdentity } from '../../flow/identity.ts';
import { headerAddressText } from '../../flow/l4/addresses.ts';
import type { Message } from '../../flow/l7/message.ts';
import type { Outcome } from '../../flow/l7/session.ts';
import { playCapture } from './play.ts';

/** A message as far as it is known. */
export interface ReadMessage {
  /** Who sent it and where in the capture: the same in every reading of it. */
  readonly place: string;
  readonly startNs: number;
  readonly endNs: number;
  readonly complete: boolean;
  readonly fields: Readonly<Record<string, string>>;
}

export interface ReadCall {
  readonly protocol: string;
  readonly outcome: Outcome;
  /** Both ends, in the same order whoever is the client. */
  readonly flow: string;
  readonly request: ReadMessage | null;
  readonly response: ReadMessage | null;
}

export interface Reading {
  readonly calls: readonly ReadCall[];
  /** By place: parts of others and one-way messages too. */
  readonly messages: ReadonlyMap<string, ReadMessage>;
}

/** A packet as it matters here. */
export interface Seen {
  readonly frame: number;
  readonly timeNs: number;
  readonly flow: string;
  readonly isData: boolean;
}

/** `leavesOut` is asked for each frame number; `onPacket` hears of all packets. */
export async function readCapture(
  path: string,
  leavesOut: (frame: number) => boolean,
  onPacket: (packet: Seen) => void = () => {},
): Promise<Reading> {
  const calls: ReadCall[] = [];
  const messages = new Map<string, ReadMessage>();
  // A request may grow until it is answered, so what is said last counts.
  const read = (identity: FlowIdentity, message: Message): ReadMessage => {
    const said = readMessage(identity, message);
    messages.set(said.place, said);
    return said;
  };
  await playCapture(
    path,
    {
      onMessage: (_protocol, { identity }, message) => read(identity, message),
      onCall({ name }, { identity }, request, response, outcome) {
        calls.push({
          protocol: name,
          outcome,
          flow: endsOf(identity).toSorted().join(' '),
          request: request === null ? null : read(identity, request),
          response: response === null ? null : read(identity, response),
        });
      },
    },
    (packet) => {
      const { frame, timeNs } = packet;
      const ends = [
        `${headerAddressText(packet.bytes, packet.ipStart, 0)} ${packet.sourcePort}`,
        `${headerAddressText(packet.bytes, packet.ipStart, 1)} ${packet.destinationPort}`,
      ];
      onPacket({ frame, timeNs, flow: ends.sort().join(' '), isData: packet.payloadWireLength > 0 });
      return !leavesOut(frame);
    },
  );
  return { calls, messages };
}

const texts = ['method', 'resource', 'endpoint', 'domain', 'version', 'status', 'error', 'requestId'] as const;

function readMessage(identity: FlowIdentity, message: Message): ReadMessage {
  const { side, seq, frame, startNs, endNs, complete, statusCode, trace } = message;
  const ends = endsOf(identity);
  const fields: Record<string, string> = { client: ends[0]! };
  for (const name of texts) if (message[name] !== '') fields[name] = message[name];
  if (statusCode !== '') fields.statusCode = String(statusCode);
  if (trace !== null) fields.trace = `${trace.traceId} ${trace.spanId}`;
  for (const [name, fact] of message.facts ?? []) fields[`${name}'`] = JSON.stringify(fact);
  const place = `${ends[side]} > ${ends[1 - side]} ${identity.transport === 'tcp' ? seq : `frame ${frame}`}`;
  return { place, startNs, endNs, complete, fields };
}

function endsOf({ clientAddress, clientPort, serverAddress, serverPort }: FlowIdentity): [string, string] {
  return [`${clientAddress} ${clientPort}`, `${serverAddress} ${serverPort}`];
}
