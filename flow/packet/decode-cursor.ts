/** Where decoding stands in a frame, and what a layer answers: the number of the layer that follows, or why there is none. */

/** What comes next at `Cursor.at`. Each layer's reader returns one of these, or a failure as a negative number. */
export const layers = {
  done: 0,
  ethernet: 1,
  /** What `Packet.etherType` says. */
  etherPayload: 2,
  /** IPv4 or IPv6, as the first four bits say. */
  ip: 3,
  ipv4: 4,
  ipv6: 5,
  fragment: 6,
  /** What `Packet.ipProtocol` says. */
  ipPayload: 7,
  mpls: 8,
  nsh: 9,
} as const;

/** Why a frame is not decoded. */
export const failures = {
  /** The link type is none of those that are known. */
  link: 1,
  /** Fewer bytes were captured than the headers have. */
  cut: 2,
  /** The frame ends in the middle of a header. */
  short: 3,
  /** ARP, LLDP, spanning tree … */
  notIp: 4,
  badIp: 5,
  badTransport: 6,
  /** Kept until the rest of its datagram comes. */
  fragment: 7,
  /** Overlaps another, lies about its length, was cut, or belongs to a datagram with such a one. */
  badFragment: 8,
  /** More headers inside one another than any network makes. */
  tooDeep: 9,
} as const;

/** Names by number, for counters; `decoded` is number 0. */
export const decodeOutcomes: readonly string[] = [
  'decoded',
  'unknown_link_type',
  'cut',
  'short',
  'not_ip',
  'bad_ip',
  'bad_transport',
  'fragment',
  'bad_fragment',
  'too_deep',
];

/** The unread part of a frame. Offsets into `Packet.bytes`: `at` ≤ `end` ≤ `wireEnd`. */
export class Cursor {
  at = 0;
  /** Where the captured bytes of the present layer end. */
  end = 0;
  /** Where it ended on the wire. */
  wireEnd = 0;
  /** Of an IP fragment: place in the datagram, and whether more follow. */
  fragmentOffset = 0;
  moreFragments = false;
  fragmentId = 0;
  /** IP header at which no UDP payload is taken for a tunnel: it was tried, and what was inside made no sense. */
  closedIpStart = -1;

  /** The failure of a header that is longer than what is there. */
  missing(): number {
    return this.end < this.wireEnd ? -failures.cut : -failures.short;
  }

  /** The present layer ends at `wireEnd`; what is behind it is padding. A length that lies changes nothing. */
  limit(wireEnd: number): void {
    if (wireEnd >= this.wireEnd) return;
    this.wireEnd = wireEnd;
    if (this.end > wireEnd) this.end = wireEnd;
  }
}
