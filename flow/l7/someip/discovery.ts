/**
 * Reads the payload of SOME/IP service discovery (PRS_SOMEIPServiceDiscoveryProtocol §4.1), messages of service 0xffff, method 0x8100:
 * who offers, looks for, or subscribes to what.
 *
 *   u8 flags, 3 bytes reserved, u32 length of the entries, then entries of 16 bytes:
 *   u8 type, u8 first option, u8 second option, u4 counts of both, u16 service, u16 instance, u8 major, u24 ttl, u32 minor or event group
 */
import type { Message } from '../message.ts';

const entryBytes = 16;
/** Entries that are told of; a datagram of 1400 bytes holds 86. */
const maxEntries = 128;

export function isDiscovery(bytes: Buffer, start: number): boolean {
  return bytes.readUInt16BE(start) === 0xffff && bytes.readUInt16BE(start + 2) === 0x8100;
}

/** The kind of the first entry becomes the method; all are noted as `OfferService 0x1234.0x0001`. */
export function readDiscovery(message: Message, bytes: Buffer, start: number, end: number): void {
  if (end - start < 8) return;
  const entriesEnd = Math.min(end, start + 8 + bytes.readUInt32BE(start + 4));
  const entries: string[] = [];
  for (let at = start + 8; at + entryBytes <= entriesEnd && entries.length < maxEntries; at += entryBytes) {
    const name = entryName(bytes[at]!, bytes.readUIntBE(at + 9, 3));
    if (entries.length === 0) message.method = name;
    entries.push(`${name} ${hex(bytes.readUInt16BE(at + 4))}.${hex(bytes.readUInt16BE(at + 6))}`);
  }
  message.fact('entries', entries);
}

/** A time to live of 0 takes back what the entry says. */
function entryName(type: number, ttl: number): string {
  switch (type) {
    case 0:
      return 'FindService';
    case 1:
      return ttl === 0 ? 'StopOfferService' : 'OfferService';
    case 6:
      return ttl === 0 ? 'StopSubscribeEventgroup' : 'SubscribeEventgroup';
    case 7:
      return ttl === 0 ? 'SubscribeEventgroupNack' : 'SubscribeEventgroupAck';
    default:
      return 'UnknownEntry';
  }
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(4, '0')}`;
}
