/** A decoded packet as one line of text, for tests. */
import { addressText } from '../../l4/addresses.ts';
import { ipProtocols, type Packet } from '../packet.ts';
import { tunnelTypes } from '../tunnels.ts';

/** `vlan 5 | VXLAN 7 | 10.0.0.1:40000 > 10.0.0.2:80 tcp seq 1000 ack 5000 flags 24 window 512 | 3 bytes`; bytes on the wire. */
export function packetText(packet: Packet): string {
  const { ipVersion, ipProtocol, vlan, innerVlan, mplsLabel, tunnel, tunnelDepth } = packet;
  const parts: string[] = [];
  if (vlan !== 0) parts.push(`vlan ${vlan}${innerVlan === 0 ? '' : `.${innerVlan}`}`);
  if (mplsLabel !== 0) parts.push(`mpls ${mplsLabel}`);
  if (tunnel !== 0) {
    const version = packet.tunnelVersion === 0 ? '' : ` v${packet.tunnelVersion}`;
    const path = packet.servicePath === 0 ? '' : ` path ${packet.servicePath >>> 8}`;
    parts.push(
      `${tunnelTypes[tunnel]}${version} ${packet.tunnelId}${path}${tunnelDepth > 1 ? ` depth ${tunnelDepth}` : ''}`,
    );
  }
  if (ipVersion === 0) return [...parts, 'no IP'].join(' | ');
  const { source0, source1, source2, source3, destination0, destination1, destination2, destination3 } = packet;
  const source = endText(addressText(source0, source1, source2, source3), packet.sourcePort);
  const destination = endText(
    addressText(destination0, destination1, destination2, destination3),
    packet.destinationPort,
  );
  parts.push(`${source} > ${destination} ${transportText(packet)}`);
  if (ipProtocol === ipProtocols.tcp) parts.push(...tcpOptionTexts(packet));
  parts.push(`${packet.payloadWireLength} bytes`);
  if (packet.payloadLength !== packet.payloadWireLength) parts.push(`${packet.payloadLength} captured`);
  if (packet.fragments !== 0) parts.push(`${packet.fragments} fragments`);
  return parts.join(' | ');
}

function endText(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function transportText(packet: Packet): string {
  const { seq, ack, flags, window, icmpType, icmpCode } = packet;
  switch (packet.ipProtocol) {
    case ipProtocols.tcp:
      return `tcp seq ${seq} ack ${ack} flags ${flags} window ${window}`;
    case ipProtocols.udp:
      return 'udp';
    case ipProtocols.icmp:
    case ipProtocols.icmpv6:
      return `icmp ${icmpType}.${icmpCode} seq ${seq}`;
    case ipProtocols.sctp:
      return 'sctp';
    default:
      return `protocol ${packet.ipProtocol}`;
  }
}

function tcpOptionTexts(packet: Packet): string[] {
  const parts: string[] = [];
  if (packet.mss !== 0) parts.push(`mss ${packet.mss}`);
  if (packet.windowScale !== -1) parts.push(`scale ${packet.windowScale}`);
  if (packet.sackPermitted !== 0) parts.push('sack');
  if (packet.realClientPort !== 0) {
    const { realClient0, realClient1, realClient2, realClientAddress, realClientPort } = packet;
    parts.push(
      `real client ${endText(addressText(realClient0, realClient1, realClient2, realClientAddress), realClientPort)}`,
    );
  }
  return parts;
}
