/** Frames put together by hand, header by header, for tests: each function returns its header with `inner` behind it. */

export type Bytes = readonly number[];

export function u16(value: number): Bytes {
  return [(value >> 8) & 255, value & 255];
}

export function u32(value: number): Bytes {
  return [...u16(value >>> 16), ...u16(value & 0xffff)];
}

/** `'10.0.0.1'` or eight groups of hex digits, `'2001:db8:0:0:0:0:0:1'`. */
export function address(text: string): Bytes {
  if (!text.includes(':')) return text.split('.').map(Number);
  return text.split(':').flatMap((group) => u16(Number.parseInt(group, 16)));
}

const sourceMac = [2, 0, 0, 0, 0, 1];
const destinationMac = [2, 0, 0, 0, 0, 2];

export function ethernet(type: number, inner: Bytes): Bytes {
  return [...destinationMac, ...sourceMac, ...u16(type), ...inner];
}

/** A tag and the type behind it. */
export function vlan(id: number, type: number, inner: Bytes): Bytes {
  return [...u16(id), ...u16(type), ...inner];
}

/** One entry of the label stack. */
export function mpls(label: number, bottom: boolean, inner: Bytes): Bytes {
  return [...u32(((label << 12) | (bottom ? 0x100 : 0) | 64) >>> 0), ...inner];
}

export interface Ipv4Fields {
  source?: string;
  destination?: string;
  id?: number;
  /** Flags and offset as in the header. */
  fragment?: number;
  options?: Bytes;
  /** When the header lies. */
  totalLength?: number;
}

export function ipv4(protocol: number, inner: Bytes, fields: Ipv4Fields = {}): Bytes {
  const { source = '10.0.0.1', destination = '10.0.0.2', id = 7, fragment = 0, options = [] } = fields;
  const headerLength = 20 + options.length;
  const totalLength = fields.totalLength ?? headerLength + inner.length;
  const head = [0x40 | (headerLength / 4), 0, ...u16(totalLength), ...u16(id), ...u16(fragment), 64, protocol, 0, 0];
  return [...head, ...address(source), ...address(destination), ...options, ...inner];
}

export function ipv6(nextHeader: number, inner: Bytes, payloadLength = inner.length): Bytes {
  const ends = [...address('2001:db8:0:0:0:0:0:1'), ...address('2001:db8:0:0:0:0:0:2')];
  return [0x60, 0, 0, 0, ...u16(payloadLength), nextHeader, 64, ...ends, ...inner];
}

export interface TcpFields {
  flags?: number;
  seq?: number;
  ack?: number;
  options?: Bytes;
}

/** From port 40000 to 80. */
export function tcp(payload: Bytes, { flags = 0x18, seq = 1000, ack = 5000, options = [] }: TcpFields = {}): Bytes {
  const head = [...u16(40000), ...u16(80), ...u32(seq), ...u32(ack), ((20 + options.length) / 4) << 4, flags];
  return [...head, ...u16(512), 0, 0, 0, 0, ...options, ...payload];
}

export function udp(destinationPort: number, payload: Bytes, length = 8 + payload.length): Bytes {
  return [...u16(40000), ...u16(destinationPort), ...u16(length), 0, 0, ...payload];
}

export function text(content: string): Bytes {
  return [...Buffer.from(content)];
}
