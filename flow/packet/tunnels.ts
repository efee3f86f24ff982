/** Tunnels that are looked into: their numbers, their names, and what is noted of one when it is opened. */
import type { Cursor } from './decode-cursor.ts';
import type { Packet } from './packet.ts';

/** Numbers in `Packet.tunnel`. */
export const tunnelCodes = {
  vxlan: 1,
  geneve: 2,
  gre: 3,
  teb: 4,
  erspan: 5,
  ipip: 6,
  '6in4': 7,
  '4in6': 8,
  '6in6': 9,
  'gtp-u': 10,
  nsh: 11,
  'tencent-gre': 12,
} as const;

/** The word for a tunnel in YAML. */
export type TunnelName = keyof typeof tunnelCodes;

export const tunnelNames = Object.keys(tunnelCodes) as readonly TunnelName[];

/** As people write them, by code; `''` where there is no tunnel. */
export const tunnelTypes: readonly string[] = [
  '',
  'VXLAN',
  'Geneve',
  'GRE',
  'TEB',
  'ERSPAN',
  'IPIP',
  '6in4',
  '4in6',
  '6in6',
  'GTP-U',
  'NSH',
  'Tencent GRE',
];

/** Which tunnels are opened, and how many in one packet. */
export class TunnelPolicy {
  readonly maxDepth: number;
  /** By code: 1 when it is opened. */
  readonly #opened: Uint8Array;

  constructor(opened: readonly TunnelName[], maxDepth: number) {
    this.maxDepth = maxDepth;
    this.#opened = new Uint8Array(tunnelTypes.length);
    for (const name of opened) this.#opened[tunnelCodes[name]] = 1;
  }

  opens(packet: Packet, code: number): boolean {
    return this.#opened[code] === 1 && packet.tunnelDepth < this.maxDepth;
  }
}

/** Notes that a tunnel's inner packet begins at `innerStart`, and goes there. What was read of the outer packet is forgotten. */
export function enterTunnel(packet: Packet, cursor: Cursor, code: number, id: number, innerStart: number): void {
  packet.tunnel = code;
  packet.tunnelDepth++;
  packet.tunnelId = id;
  packet.tunnelVersion = 0;
  packet.servicePath = 0;
  packet.outerEthernetStart = packet.ethernetStart;
  packet.outerIpStart = packet.ipStart;
  packet.innerStart = innerStart;
  packet.ipVersion = 0;
  packet.ipStart = -1;
  packet.sourcePort = 0;
  packet.destinationPort = 0;
  cursor.at = innerStart;
}

/** The name of `Packet.tunnel`; empty where there is none. */
export function tunnelName(code: number): string {
  return tunnelTypes[code] ?? '';
}
