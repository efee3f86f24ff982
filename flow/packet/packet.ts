/** A decoded packet: the fields of one frame that flows and parsers need, as numbers and offsets into the captured bytes. */

/** TCP flag bits as in the header (RFC 9293 §3.1). */
export const tcpFlags = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32, ece: 64, cwr: 128 } as const;

/** IP protocol numbers (IANA) that are looked into. */
export const ipProtocols = { icmp: 1, ipip: 4, tcp: 6, udp: 17, ipv6: 41, gre: 47, icmpv6: 58, sctp: 132 } as const;

/**
 * One packet, filled anew by the decoder for every frame: whoever needs anything after the call copies it. All offsets are into
 * `bytes`; an offset of -1 says that the layer is not there. Addresses are four big-endian words in the order of the address, signed
 * (`| 0`: such numbers cost V8 no memory); IPv4 is `0, 0, 0xffff, address` (RFC 4291 §2.5.5.2), so that one key fits both.
 *
 * A datagram put together from fragments is in a buffer of the decoder: `bytes`, `start` and the lengths then say so, and the headers
 * below it are those of the last fragment that came.
 */
export class Packet {
  bytes: Uint8Array = new Uint8Array(0);
  /** When it was captured: nanoseconds after the capture's epoch (`CaptureClock`). A double holds 104 days of them exactly. */
  timeNs = 0;
  /** Number of the frame in its file, from 1; a running number in live captures. */
  frame = 0;
  /** Number of the capture point (interface or file) in the receiver's list. */
  point = 0;
  /** Where the frame begins, how much of it was captured, and how long it was on the wire. */
  start = 0;
  capturedLength = 0;
  wireLength = 0;
  /** Frames that a datagram put together came in, whose lengths on the wire `wireLength` then adds up; 0 when it came whole. */
  fragments = 0;

  /** Where the innermost Ethernet header begins. */
  ethernetStart = -1;
  etherType = 0;
  /** VLAN ids of the innermost Ethernet frame, outer first; 0 when there is no tag. */
  vlan = 0;
  innerVlan = 0;
  /** The label at the bottom of the stack. */
  mplsLabel = 0;

  /** Code of the innermost tunnel that was opened (`tunnelTypes` in tunnels.ts); 0 none. How many were opened. */
  tunnel = 0;
  tunnelDepth = 0;
  /** VNI, GRE key, ERSPAN session, TEID. */
  tunnelId = 0;
  /** ERSPAN's version: 1, 2, 3. */
  tunnelVersion = 0;
  /** Service path and index (RFC 8300 §2.3) of an NSH header inside the tunnel; 0 without one. */
  servicePath = 0;
  /** Offsets of the outer headers of that tunnel. */
  outerEthernetStart = -1;
  outerIpStart = -1;
  /** Where the inner packet begins. */
  innerStart = -1;

  /** 4, 6, or 0 when the frame holds no IP. */
  ipVersion = 0;
  ipStart = -1;
  ipProtocol = 0;
  ipId = 0;
  ttl = 0;
  source0 = 0;
  source1 = 0;
  source2 = 0;
  source3 = 0;
  destination0 = 0;
  destination1 = 0;
  destination2 = 0;
  destination3 = 0;

  /** Of TCP, UDP; of ICMP echo: identifier in both. 0 in fragments that could not be put together. */
  sourcePort = 0;
  destinationPort = 0;

  /** Unsigned 32-bit numbers. `seq` of an ICMP echo is its sequence number. */
  seq = 0;
  ack = 0;
  flags = 0;
  /** As in the header, not scaled. */
  window = 0;
  /** Options of SYN segments; -1 and 0 when absent. */
  windowScale = -1;
  mss = 0;
  sackPermitted = 0;
  /** The real client as a TCP option (TOA) tells it; all 0 when there is none. The address is the last word; the first three belong to IPv6. */
  realClient0 = 0;
  realClient1 = 0;
  realClient2 = 0;
  realClientAddress = 0;
  realClientPort = 0;

  icmpType = 0;
  icmpCode = 0;

  /** Where the transport's payload begins, how much of it was captured, and how long it was on the wire. */
  payloadStart = 0;
  payloadLength = 0;
  payloadWireLength = 0;
  /** Bytes of the layer-3 packet on the wire, header included, and of the layer-4 one. */
  layer3Length = 0;
  layer4Length = 0;
}
