/** Recognises MQTT: by CONNECT when the connection is seen from its start, else by packets whose inner lengths all agree. */
import type { Input } from '../input.ts';
import type { Verdict } from '../protocol.ts';
import { latin1, startsWith } from '../text.ts';
import { packetTypes } from './packets.ts';
import { varint, varintBytes } from './properties.ts';

const ports: readonly number[] = [1883, 8883];

/**
 * CONNECT has the protocol's name in it. Anything else has little to be known by: 2 bytes may be all of it. So a connection joined later is
 * only taken for MQTT when a PUBLISH, SUBSCRIBE or UNSUBSCRIBE with a topic of text fits its own lengths exactly, or at the registered
 * ports, when the whole window is a row of well-formed packets.
 */
export function probeMqtt(input: Input): Verdict {
  const { bytes, start, end } = input;
  const available = end - start;
  const type = bytes[start]! >> 4;
  if (!flagsFit(bytes[start]!)) return 'no';
  if (available < 2) return 'more';
  const length = varint(bytes, start + 1, end);
  if (length < 0) return available < 5 && !input.full ? 'more' : 'no';
  if (varintBytes(length) < 4 && bytes[start + varintBytes(length)]! >= 0x80) return 'no';
  const body = start + 1 + varintBytes(length);
  if (type === packetTypes.connect) return probeConnect(bytes, body, end, length);
  const verdict = side(type);
  const registered = ports.includes(input.serverPort);
  const packets = countPackets(bytes, start, end);
  if (packets < 0) return 'no';
  if (isTelling(bytes, start, body, length, end)) {
    if (packets > 0 || registered) return verdict;
    return 'more';
  }
  if (!registered) return 'no';
  return packets > 0 ? verdict : 'more';
}

/** Who sends it; PUBLISH and its acknowledgements go both ways. */
function side(type: number): Verdict {
  switch (type) {
    case packetTypes.subscribe:
    case packetTypes.unsubscribe:
    case packetTypes.pingreq:
      return 'client';
    case packetTypes.connack:
    case packetTypes.suback:
    case packetTypes.unsuback:
    case packetTypes.pingresp:
      return 'server';
    default:
      return 'either';
  }
}

/** The four low bits are fixed, but for PUBLISH, whose QoS is not 3 (§2.1.3). */
export function flagsFit(first: number): boolean {
  const flags = first & 0x0f;
  switch (first >> 4) {
    case 0:
      return false;
    case packetTypes.publish:
      return (flags & 6) !== 6 && !((flags & 8) !== 0 && (flags & 6) === 0);
    case packetTypes.pubrel:
    case packetTypes.subscribe:
    case packetTypes.unsubscribe:
      return flags === 2;
    default:
      return flags === 0;
  }
}

function probeConnect(bytes: Buffer, body: number, end: number, length: number): Verdict {
  if (length < 12) return 'no';
  const old = startsWith(bytes, body, end, '\0\x06MQIsdp');
  if (!old && !startsWith(bytes, body, end, '\0\x04MQTT')) return isPrefix(bytes, body, end) ? 'more' : 'no';
  const level = bytes[body + (old ? 8 : 6)];
  if (level === undefined || body + (old ? 8 : 6) >= end) return 'more';
  // The top bit marks a bridge (Mosquitto).
  const version = level & 0x7f;
  return version >= 3 && version <= 5 ? 'client' : 'no';
}

function isPrefix(bytes: Buffer, body: number, end: number): boolean {
  const available = end - body;
  if (available >= 8) return false;
  return '\0\x06MQIsdp'.startsWith(latin1(bytes, body, end)) || '\0\x04MQTT'.startsWith(latin1(bytes, body, end));
}

/** Whether the packet is one that tells: its topic is a text, and fits. */
function isTelling(bytes: Buffer, start: number, body: number, length: number, end: number): boolean {
  const type = bytes[start]! >> 4;
  let at = body;
  if (type === packetTypes.subscribe || type === packetTypes.unsubscribe) {
    if (end - at < 2 || bytes.readUInt16BE(at) === 0) return false;
    at += 2;
    // Version 5 has properties here; nearly always none.
    if (at < end && bytes[at] === 0 && end - at >= 3 && bytes.readUInt16BE(at) === 0) at++;
  } else if (type !== packetTypes.publish) return false;
  if (end - at < 4) return false;
  const topic = bytes.readUInt16BE(at);
  if (topic < 2 || topic > 1024 || at + 2 + topic > Math.min(end, body + length)) return false;
  let slashes = 0;
  for (let index = at + 2; index < at + 2 + topic; index++) {
    const byte = bytes[index]!;
    if (byte < 0x20 || byte === 0x7f) return false;
    if (byte === 0x2f) slashes++;
  }
  return slashes > 0 || type !== packetTypes.publish;
}

/** Whole packets in the window, one behind the other; -1 when something there is none, 0 when even the first is not whole. */
function countPackets(bytes: Buffer, start: number, end: number): number {
  let at = start;
  let count = 0;
  while (at < end && count < 16) {
    if (!flagsFit(bytes[at]!)) return -1;
    const length = varint(bytes, at + 1, end);
    if (length < 0) return end - at < 5 ? count : -1;
    if (!lengthFits(bytes[at]! >> 4, length)) return -1;
    at += 1 + varintBytes(length) + length;
    if (at <= end) count++;
  }
  return count;
}

/** Whether a packet of the type may be so long. */
export function lengthFits(type: number, length: number): boolean {
  switch (type) {
    case packetTypes.pingreq:
    case packetTypes.pingresp:
      return length === 0;
    case packetTypes.connack:
    case packetTypes.puback:
    case packetTypes.pubrec:
    case packetTypes.pubrel:
    case packetTypes.pubcomp:
    case packetTypes.unsuback:
      return length >= 2;
    case packetTypes.publish:
    case packetTypes.suback:
      return length >= 3;
    case packetTypes.subscribe:
      return length >= 6;
    case packetTypes.unsubscribe:
      return length >= 5;
    case packetTypes.connect:
      return length >= 12;
    default:
      return true;
  }
}
