/** Makes events of the TCP program for tests, and reads the records that become of them. */
import { eventConstants, eventKind, event as eventLayout, tcpEvent } from '../../../bpf/programs/event.gen.ts';
import { Batch } from '../../../pdata/batch.ts';
import { wireToJson } from '../../../pdata/otlp/json.ts';
import type { SocketEvent } from '../socket-event.ts';

/** Fields of struct tcp_event; those left out are 0. */
export type TcpFields = Partial<
  Record<Exclude<keyof typeof tcpEvent, 'size' | 'dropReason' | 'drops' | 'pad' | 'flags'>, number>
> & { connected?: boolean; finReceived?: boolean; drop?: [reason: number, count: number][] };

const wide = new Set(['bytesSent', 'bytesAcked', 'bytesReceived', 'bytesRetransmitted']);
const narrow: Record<string, number> = { state: 2, headerBytes: 2, segmentBytes: 2, reset: 1 };

/** An event of the client's end of 10.0.0.1:40000 → 10.0.0.2:80, 1 s after the host's start. */
export function tcpEventOf(fields: TcpFields, change: Partial<SocketEvent> = {}): SocketEvent {
  const bytes = new Uint8Array(32 + tcpEvent.size);
  bytes.set([10, 0, 0, 1], 0);
  bytes.set([10, 0, 0, 2], 16);
  const view = new DataView(bytes.buffer, 32);
  const { connected = true, finReceived = false, drop = [], ...numbers } = fields;
  for (const [name, value] of Object.entries({ state: 1, ...numbers })) {
    const at = tcpEvent[name as keyof typeof tcpEvent];
    if (wide.has(name)) view.setBigUint64(at, BigInt(value), true);
    else if (narrow[name] === 2) view.setUint16(at, value, true);
    else if (narrow[name] === 1) view.setUint8(at, value);
    else view.setUint32(at, value, true);
  }
  const { TCP_CONNECTED, TCP_FIN_RECEIVED } = eventConstants;
  view.setUint8(tcpEvent.flags, (connected ? TCP_CONNECTED : 0) | (finReceived ? TCP_FIN_RECEIVED : 0));
  for (const [slot, [reason, count]] of drop.entries()) {
    view.setUint32(tcpEvent.dropReason + 4 * slot, reason, true);
    view.setUint32(tcpEvent.drops + 4 * slot, count, true);
  }
  return {
    ...{ kind: eventKind.tcp, source: 0, direction: 0, role: 1, family: 4, transport: 6, flags: 0 },
    ...{ timeNs: 1e9, beginNs: 0.9e9, socket: 0x8881_0000_1000, traceId: 0, goroutine: 0, parentGoroutine: 0 },
    ...{ coroutine: 0, pid: 100, tid: 100, netns: 1, sequence: 111, otherSequence: 222 },
    ...{ length: tcpEvent.size, captured: tcpEvent.size, localPort: 40_000, remotePort: 80 },
    ...{ bytes, localAt: 0, remoteAt: 16, payloadAt: 32 },
    ...change,
  };
}

/** Bytes of one record of the program: the event and its counters. */
export const tcpRecordBytes = eventLayout.size + tcpEvent.size;

/** A log record, flat. */
export interface LogRecord {
  event: string;
  timeNs: bigint;
  traceId: string;
  spanId: string;
  resource: Record<string, unknown>;
  attributes: Record<string, unknown>;
}

/** The records of an ExportLogsServiceRequest, which must be valid. */
export function readLogs(message: Uint8Array | null): LogRecord[] {
  if (message === null) return [];
  const [wire] = Batch.fromWire('logs', message).wire;
  const request = JSON.parse(Buffer.from(wireToJson('logs', wire!)).toString());
  const found: LogRecord[] = [];
  for (const { resource, scopeLogs } of request.resourceLogs) {
    for (const { logRecords } of scopeLogs) {
      for (const { eventName, timeUnixNano, traceId = '', spanId = '', attributes } of logRecords) {
        found.push({
          event: eventName,
          timeNs: BigInt(timeUnixNano),
          traceId,
          spanId,
          resource: flat(resource.attributes),
          attributes: flat(attributes),
        });
      }
    }
  }
  return found;
}

interface Value {
  stringValue?: string;
  boolValue?: boolean;
  intValue?: string;
  arrayValue?: { values?: Value[] };
}

function flat(attributes: { key: string; value: Value }[] = []): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, plain(value)]));
}

function plain({ stringValue, boolValue, intValue, arrayValue }: Value): unknown {
  if (intValue !== undefined) return Number(intValue);
  if (arrayValue !== undefined) return (arrayValue.values ?? []).map(plain);
  return stringValue ?? boolValue;
}
