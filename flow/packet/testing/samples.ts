/** Frames of every kind that the decoder knows, made by hand, and what they say: tshark is asked whether it agrees. */
import { type Bytes, ethernet, ipv4, ipv6, mpls, tcp, text, u16, u32, udp, vlan } from './build.ts';

export interface Sample {
  readonly name: string;
  readonly linkType: number;
  readonly bytes: Bytes;
  /** As `packetText` prints it. */
  readonly says: string;
}

const segment = tcp(text('abc'));
const plain4 = ipv4(6, segment);
const plain6 = ipv6(6, segment);
const frame = ethernet(0x0800, plain4);
const tcpText = '10.0.0.1:40000 > 10.0.0.2:80 tcp seq 1000 ack 5000 flags 24 window 512';
const says4 = `${tcpText} | 3 bytes`;
const says6 = says4.replace('10.0.0.1', '[2001:db8::1]').replace('10.0.0.2', '[2001:db8::2]');
const echo = [8, 0, 0, 0, ...u16(77), ...u16(3), ...text('ping')];
const echo6 = [128, 0, 0, 0, ...u16(77), ...u16(3), ...text('ping')];
const outerFields = { source: '192.168.0.1', destination: '192.168.0.2' };

/** Hop-by-hop options, destination options, routing without segments left, authentication, and a fragment that is all. */
const extended: Bytes = [
  ...[60, 0, 1, 4, 0, 0, 0, 0],
  ...[43, 0, 1, 4, 0, 0, 0, 0],
  ...[51, 0, 0, 0, 0, 0, 0, 0],
  ...[44, 4, 0, 0, ...u32(1), ...u32(2), ...zeros(12)],
  ...[6, 0, 0, 0, ...u32(9)],
  ...segment,
];

function outer(protocol: number, inner: Bytes): Bytes {
  return ethernet(0x0800, ipv4(protocol, inner, outerFields));
}

function vxlan(vni: number, inner: Bytes, flags: Bytes = [8, 0, 0, 0]): Bytes {
  return [...flags, ...u32(vni << 8), ...inner];
}

function gre(flags: number, type: number, rest: Bytes): Bytes {
  return outer(47, [...u16(flags), ...u16(type), ...rest]);
}

function nsh(next: number, inner: Bytes): Bytes {
  return [0x0f, 0xc6, 1, next, ...u32((0x123 << 8) | 255), ...zeros(16), ...inner];
}

function zeros(count: number): Bytes {
  return new Array(count).fill(0);
}

function sample(name: string, bytes: Bytes, says: string, linkType = 1): Sample {
  return { name, linkType, bytes, says };
}

export const samples: readonly Sample[] = [
  sample('Ethernet, IPv4, TCP', frame, says4),
  sample('padding behind a short packet', [...frame, ...zeros(20)], says4),
  sample('IPv4 with options', ethernet(0x0800, ipv4(6, segment, { options: [1, 1, 1, 0] })), says4),
  sample(
    'a total length of 0: joined by the network card',
    ethernet(0x0800, ipv4(6, segment, { totalLength: 0 })),
    says4,
  ),
  sample('a total length beyond the frame', ethernet(0x0800, ipv4(6, segment, { totalLength: 900 })), says4),
  sample('IPv6', ethernet(0x86dd, plain6), says6),
  sample('IPv6 with extension headers', ethernet(0x86dd, ipv6(0, extended)), says6),
  sample('VLAN', ethernet(0x8100, vlan(5, 0x0800, plain4)), `vlan 5 | ${says4}`),
  sample('QinQ', ethernet(0x88a8, vlan(5, 0x8100, vlan(6, 0x86dd, plain6))), `vlan 5.6 | ${says6}`),
  sample('old QinQ', ethernet(0x9100, vlan(5, 0x8100, vlan(6, 0x0800, plain4))), `vlan 5.6 | ${says4}`),
  sample('MPLS', ethernet(0x8847, mpls(16, false, mpls(17, true, plain4))), `mpls 17 | ${says4}`),
  sample('MPLS, IPv6', ethernet(0x8847, mpls(17, true, plain6)), `mpls 17 | ${says6}`),
  sample(
    'pseudowire with a control word',
    ethernet(0x8847, mpls(17, true, [...u32(0), ...frame])),
    `mpls 17 | ${says4}`,
  ),
  sample('PPPoE', ethernet(0x8864, [0x11, 0, ...u16(3), ...u16(plain4.length + 2), 0, 0x21, ...plain4]), says4),
  sample('PPPoE, IPv6', ethernet(0x8864, [0x11, 0, ...u16(3), ...u16(plain6.length + 2), 0, 0x57, ...plain6]), says6),
  sample('SNAP', ethernet(plain4.length + 8, [0xaa, 0xaa, 3, 0, 0, 0, 8, 0, ...plain4]), says4),
  sample('raw IPv4', plain4, says4, 101),
  sample('raw IPv6', plain6, says6, 101),
  sample('link type IPv4', plain4, says4, 228),
  sample('link type IPv6', plain6, says6, 229),
  sample('loopback, little-endian', [2, 0, 0, 0, ...plain4], says4, 0),
  sample('loopback, big-endian', [0, 0, 0, 30, ...plain6], says6, 0),
  sample('OpenBSD loopback', [0, 0, 0, 2, ...plain4], says4, 108),
  sample('Linux cooked', [...zeros(2), ...u16(1), ...u16(6), ...zeros(8), ...u16(0x0800), ...plain4], says4, 113),
  sample('Linux cooked 2', [...u16(0x86dd), ...zeros(6), ...u16(1), 0, 6, ...zeros(8), ...plain6], says6, 276),
  sample(
    'options of a SYN',
    ethernet(0x0800, ipv4(6, tcp([], { flags: 2, ack: 0, options: [2, 4, ...u16(1460), 4, 2, 3, 3, 7, 0, 0, 0] }))),
    '10.0.0.1:40000 > 10.0.0.2:80 tcp seq 1000 ack 0 flags 2 window 512 | mss 1460 | scale 7 | sack | 0 bytes',
  ),
  sample(
    'the real client in an option',
    ethernet(0x0800, ipv4(6, tcp(text('abc'), { options: [254, 8, ...u16(5555), 1, 2, 3, 4] }))),
    `${tcpText} | real client 1.2.3.4:5555 | 3 bytes`,
  ),
  sample(
    'the real client, IPv6',
    ethernet(0x0800, ipv4(6, tcp([], { options: [253, 20, ...u16(5555), ...plain6.slice(8, 24)] }))),
    `${tcpText} | real client [2001:db8::1]:5555 | 0 bytes`,
  ),
  sample('UDP', ethernet(0x0800, ipv4(17, udp(53, text('query')))), '10.0.0.1:40000 > 10.0.0.2:53 udp | 5 bytes'),
  sample('ICMP echo', ethernet(0x0800, ipv4(1, echo)), '10.0.0.1:77 > 10.0.0.2:77 icmp 8.0 seq 3 | 4 bytes'),
  sample(
    'ICMPv6 echo',
    ethernet(0x86dd, ipv6(58, echo6)),
    '[2001:db8::1]:77 > [2001:db8::2]:77 icmp 128.0 seq 3 | 4 bytes',
  ),
  sample(
    'SCTP',
    ethernet(0x0800, ipv4(132, [...u16(40000), ...u16(3868), ...u32(1), ...u32(0), 11, 0, 0, 4])),
    '10.0.0.1:40000 > 10.0.0.2:3868 sctp | 4 bytes',
  ),
  sample('OSPF', ethernet(0x0800, ipv4(89, zeros(44))), '10.0.0.1:0 > 10.0.0.2:0 protocol 89 | 44 bytes'),

  sample('VXLAN', outer(17, udp(4789, vxlan(7, frame))), `VXLAN 7 | ${says4}`),
  sample('VXLAN at the port of old Linux', outer(17, udp(8472, vxlan(7, frame))), `VXLAN 7 | ${says4}`),
  sample('VXLAN with a group policy', outer(17, udp(4789, vxlan(7, frame, [0x88, 0, 0, 9]))), `VXLAN 7 | ${says4}`),
  sample('VXLAN, generic extension', outer(17, udp(4790, vxlan(7, plain6, [12, 0, 0, 2]))), `VXLAN 7 | ${says6}`),
  sample(
    'VXLAN with NSH',
    outer(17, udp(4790, vxlan(7, nsh(1, plain4), [12, 0, 0, 4]))),
    `VXLAN 7 path 291 | ${says4}`,
  ),
  sample('NSH in Ethernet', ethernet(0x894f, nsh(3, frame)), `NSH 291 path 291 | ${says4}`),
  sample(
    'Geneve with options',
    outer(17, udp(6081, [2, 0, 0x65, 0x58, 0, 0, 9, 0, 1, 2, 0x80, 1, ...u32(1), ...frame])),
    `Geneve 9 | ${says4}`,
  ),
  sample('Geneve, IPv6', outer(17, udp(6081, [0, 0, 0x86, 0xdd, 0, 0, 9, 0, ...plain6])), `Geneve 9 | ${says6}`),
  sample('GRE', gre(0, 0x0800, plain4), `GRE 0 | ${says4}`),
  sample(
    'GRE with all fields',
    gre(0xb000, 0x86dd, [...u32(0), ...u32(11), ...u32(1), ...plain6]),
    `GRE 11 | ${says6}`,
  ),
  sample('GRE, Ethernet', gre(0x2000, 0x6558, [...u32(0xa0000b00), ...frame]), `TEB 2684357376 | ${says4}`),
  sample('GRE, MPLS', gre(0, 0x8847, mpls(17, true, plain4)), `mpls 17 | GRE 0 | ${says4}`),
  sample(
    'Tencent GRE',
    gre(0x3001, 0x0800, [...u32(0x10285), ...u32(1), ...plain4]),
    `Tencent GRE v1 66181 | ${says4}`,
  ),
  sample('ERSPAN I', gre(0, 0x88be, frame), `ERSPAN v1 0 | ${says4}`),
  sample(
    'ERSPAN II',
    gre(0x1000, 0x88be, [...u32(1), ...u16(0x1005), ...u16(100), ...u32(0), ...frame]),
    `ERSPAN v2 100 | ${says4}`,
  ),
  sample(
    'ERSPAN III',
    gre(0x1000, 0x22eb, [...u32(1), ...u16(0x2005), ...u16(100), ...u32(1), 0, 0, 0, 0, ...frame]),
    `ERSPAN v3 100 | ${says4}`,
  ),
  sample(
    'ERSPAN III with a subheader',
    gre(0x1000, 0x22eb, [...u32(1), ...u16(0x2005), ...u16(100), ...u32(1), 0, 0, 0, 1, ...zeros(8), ...frame]),
    `ERSPAN v3 100 | ${says4}`,
  ),
  sample('IPIP', outer(4, plain4), `IPIP 0 | ${says4}`),
  sample('6in4', outer(41, plain6), `6in4 0 | ${says6}`),
  sample('4in6', ethernet(0x86dd, ipv6(4, plain4)), `4in6 0 | ${says4}`),
  sample('6in6', ethernet(0x86dd, ipv6(41, plain6)), `6in6 0 | ${says6}`),
  sample(
    'GTP-U',
    outer(17, udp(2152, [0x30, 255, ...u16(plain4.length), ...u32(21), ...plain4])),
    `GTP-U 21 | ${says4}`,
  ),
  sample(
    'GTP-U with an extension header',
    outer(17, udp(2152, [0x34, 255, ...u16(plain6.length + 8), ...u32(21), 0, 0, 0, 0x85, 1, 0, 9, 0, ...plain6])),
    `GTP-U 21 | ${says6}`,
  ),
  sample('a tunnel in a tunnel', outer(17, udp(4789, vxlan(7, outer(4, plain4)))), `IPIP 0 depth 2 | ${says4}`),
];
