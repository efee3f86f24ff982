/** Compares decoded packets with tshark's reading of the same frames. */
import { addressText } from '../../flow/l4/addresses.ts';
import { openCaptureFile } from '../../flow/packet/capture-file.ts';
import { PacketDecoder } from '../../flow/packet/decode.ts';
import { ipProtocols, Packet, tcpFlags } from '../../flow/packet/packet.ts';
import { readWithTshark, type TsharkPacket } from './tshark.ts';

export interface Comparison {
  /** Frames in which all fields agree, and how many frames both say hold no IP. */
  agreed: number;
  notIp: number;
  /** Frames of which tshark's fields do not tell: errors of ICMP, whose inner headers it lists as if they were the packet's. */
  leftOut: number;
  differences: string[];
}

export async function compareWithTshark(path: string): Promise<Comparison> {
  const comparison: Comparison = { agreed: 0, notIp: 0, leftOut: 0, differences: [] };
  const theirs = readWithTshark(path);
  const capture = await openCaptureFile(path);
  const decoder = new PacketDecoder();
  const packet = new Packet();
  while (await capture.fill()) {
    while (capture.next(packet)) {
      const decoded = decoder.decode(packet, capture.linkType);
      compare(theirs[packet.frame - 1]!, decoded ? packet : undefined, comparison);
    }
  }
  await capture.close();
  if (theirs.length !== packet.frame) comparison.differences.push(`${theirs.length} frames, not ${packet.frame}`);
  return comparison;
}

function compare(theirs: TsharkPacket, packet: Packet | undefined, comparison: Comparison): void {
  const { protocols, frame } = theirs;
  const error = protocols.findIndex((name) => name === 'icmp' || name === 'icmpv6');
  if (error >= 0 && protocols.slice(error).some((name) => name === 'ip' || name === 'ipv6')) {
    comparison.leftOut++;
    return;
  }
  // Within a tunnel, another frame begins.
  const innermost = protocols.slice(protocols.lastIndexOf('eth') + 1);
  const last = innermost.findLast((name) => name === 'ip' || name === 'ipv6');
  // A fragment whose rest is missing has a payload of bytes, and so has what tshark does not look into.
  if (packet === undefined && (last === undefined || protocols.at(-1) === 'data')) {
    comparison.notIp++;
    return;
  }
  if (packet === undefined || last === undefined) {
    comparison.differences.push(
      `frame ${frame}: ${protocols.join(':')}, ${packet === undefined ? 'not decoded' : 'decoded'}`,
    );
    return;
  }
  const ours = fieldsOf(packet);
  const wrong = Object.keys(ours).filter(
    (name) => Number(theirs.fields[name]) !== Number(ours[name]) && theirs.fields[name] !== ours[name],
  );
  for (const name of wrong)
    comparison.differences.push(`frame ${frame} ${name}: ${theirs.fields[name]}, not ${ours[name]}`);
  if (wrong.length === 0) comparison.agreed++;
}

/** The packet under tshark's names. */
function fieldsOf(packet: Packet): Record<string, string> {
  const ip = packet.ipVersion === 4 ? 'ip' : 'ipv6';
  const fields: Record<string, string | number> = {
    [`${ip}.src`]: addressText(packet.source0, packet.source1, packet.source2, packet.source3),
    [`${ip}.dst`]: addressText(packet.destination0, packet.destination1, packet.destination2, packet.destination3),
    [packet.ipVersion === 4 ? 'ip.ttl' : 'ipv6.hlim']: packet.ttl,
  };
  if (packet.ipVersion === 4) fields['ip.proto'] = packet.ipProtocol;
  switch (packet.ipProtocol) {
    case ipProtocols.tcp:
      addPorts(fields, 'tcp', packet);
      fields['tcp.seq_raw'] = packet.seq;
      fields['tcp.ack_raw'] = packet.ack;
      fields['tcp.flags'] = packet.flags;
      fields['tcp.window_size_value'] = packet.window;
      fields['tcp.len'] = packet.payloadWireLength;
      if ((packet.flags & tcpFlags.syn) !== 0) {
        fields['tcp.options.mss_val'] = packet.mss === 0 ? '' : packet.mss;
        fields['tcp.options.wscale.shift'] = packet.windowScale === -1 ? '' : packet.windowScale;
      }
      break;
    case ipProtocols.udp:
      addPorts(fields, 'udp', packet);
      fields['udp.length'] = packet.layer4Length;
      break;
    case ipProtocols.icmp:
    case ipProtocols.icmpv6:
      addIcmp(fields, packet);
      break;
    case ipProtocols.sctp:
      addPorts(fields, 'sctp', packet);
  }
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, String(value)]));
}

function addPorts(fields: Record<string, string | number>, transport: string, packet: Packet): void {
  fields[`${transport}.srcport`] = packet.sourcePort;
  fields[`${transport}.dstport`] = packet.destinationPort;
}

function addIcmp(fields: Record<string, string | number>, packet: Packet): void {
  const version4 = packet.ipProtocol === ipProtocols.icmp;
  const name = version4 ? 'icmp' : 'icmpv6';
  fields[`${name}.type`] = packet.icmpType;
  fields[`${name}.code`] = packet.icmpCode;
  if (packet.sourcePort === 0) return;
  fields[version4 ? 'icmp.ident' : 'icmpv6.echo.identifier'] = packet.sourcePort;
  fields[version4 ? 'icmp.seq' : 'icmpv6.echo.sequence_number'] = packet.seq;
}
