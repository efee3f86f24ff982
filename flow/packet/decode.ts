/** Decodes frames: from the bytes of a capture to the fields of a Packet, through links, tags, tunnels, IP and transport. */
import { Cursor, decodeOutcomes, failures, layers } from './decode-cursor.ts';
import { readEthernet, readEtherPayload, readMpls } from './decode-ethernet.ts';
import { readIpv4, readIpv6 } from './decode-ip.ts';
import { readLink } from './decode-link.ts';
import { OuterPacket } from './decode-outer.ts';
import { readIcmp, readOther, readSctp, readTcp, readUdp } from './decode-transport.ts';
import { type FragmentOptions, FragmentStore, fragmentDefaults } from './fragments.ts';
import { ipProtocols, type Packet } from './packet.ts';
import { looksLikeEthernet } from './plausible.ts';
import { type TunnelName, TunnelPolicy, tunnelNames } from './tunnels.ts';
import { openGre, openIpInIp, readNsh } from './tunnels-ip.ts';
import { mayBeTunnel, openUdpTunnel } from './tunnels-udp.ts';

export interface DecoderOptions {
  /** Tunnels that are looked into; packets of others are flows between the tunnel's ends. */
  readonly tunnels: readonly TunnelName[];
  /** Tunnels within tunnels that are opened in one packet. */
  readonly maxTunnelDepth: number;
  readonly fragments: FragmentOptions;
}

export const decoderDefaults: DecoderOptions = {
  tunnels: tunnelNames,
  maxTunnelDepth: 4,
  fragments: fragmentDefaults,
};

/** More than the headers of any frame that makes sense: four tunnels of five layers each, and some. */
const maxLayers = 48;

/** One per thread and capture: it holds fragments. Decoding allocates nothing, fragments apart. */
export class PacketDecoder {
  /** Frames by what became of them; names in `decodeOutcomes`, the first of which is success. */
  readonly outcomes = new Float64Array(decodeOutcomes.length);
  readonly fragments: FragmentStore;
  readonly #policy: TunnelPolicy;
  readonly #cursor = new Cursor();
  readonly #outer = new OuterPacket();

  constructor(options: Partial<DecoderOptions> = {}) {
    const { tunnels, maxTunnelDepth, fragments } = { ...decoderDefaults, ...options };
    this.#policy = new TunnelPolicy(tunnels, maxTunnelDepth);
    this.fragments = new FragmentStore(fragments);
  }

  /**
   * Fills the packet, whose `bytes`, `start`, lengths, `timeNs` and `point` the caller has set. `linkType` is a LINKTYPE_ number. False when
   * the frame holds no IP packet that can be read, or a fragment whose rest is missing: `outcomes` counts why, and fields tell how far it came.
   */
  decode(packet: Packet, linkType: number): boolean {
    const cursor = this.#cursor;
    reset(packet);
    const { start } = packet;
    cursor.at = start;
    cursor.end = Math.min(start + packet.capturedLength, packet.bytes.length);
    cursor.wireEnd = Math.max(start + packet.wireLength, cursor.end);
    cursor.closedIpStart = -1;
    this.#outer.forget();
    let outcome = this.#read(packet, readLink(packet, cursor, linkType));
    if (outcome !== layers.done && packet.tunnelDepth > 0 && this.#isNoTunnel(packet, -outcome)) {
      if (this.#outer.restore(packet, cursor)) outcome = this.#read(packet, layers.ip);
    }
    // `-outcome` would be -0 for done, which is no index: the optimized code was thrown away again and again.
    this.outcomes[0 - outcome]!++;
    return outcome === layers.done;
  }

  /** Reads layer after layer. `done`, or a failure. */
  #read(packet: Packet, layer: number): number {
    const cursor = this.#cursor;
    for (let count = 0; count < maxLayers; count++) {
      switch (layer) {
        case layers.ethernet:
          layer = readEthernet(packet, cursor);
          break;
        case layers.ipv4:
          layer = readIpv4(packet, cursor);
          break;
        case layers.ipPayload:
          layer = this.#readIpPayload(packet);
          break;
        case layers.ipv6:
          layer = readIpv6(packet, cursor);
          break;
        case layers.etherPayload:
          layer = readEtherPayload(packet, cursor);
          break;
        case layers.ip:
          if (cursor.at >= cursor.end) return cursor.missing();
          layer = packet.bytes[cursor.at]! >> 4 === 6 ? layers.ipv6 : layers.ipv4;
          break;
        case layers.fragment:
          layer = this.fragments.add(packet, cursor);
          break;
        case layers.mpls:
          layer = readMpls(packet, cursor);
          break;
        case layers.nsh:
          layer = readNsh(packet, cursor, this.#policy);
          break;
        default:
          return layer;
      }
    }
    return -failures.tooDeep;
  }

  #readIpPayload(packet: Packet): number {
    const cursor = this.#cursor;
    switch (packet.ipProtocol) {
      case ipProtocols.tcp:
        return readTcp(packet, cursor);
      case ipProtocols.udp:
        return this.#readUdp(packet);
      case ipProtocols.icmp:
      case ipProtocols.icmpv6:
        return readIcmp(packet, cursor);
      case ipProtocols.sctp:
        return readSctp(packet, cursor);
      case ipProtocols.gre:
        return openGre(packet, cursor, this.#policy) || readOther(packet, cursor);
      case ipProtocols.ipip:
      case ipProtocols.ipv6:
        return openIpInIp(packet, cursor, this.#policy) || readOther(packet, cursor);
      default:
        return readOther(packet, cursor);
    }
  }

  #readUdp(packet: Packet): number {
    const cursor = this.#cursor;
    const { end, wireEnd } = cursor;
    const layer = readUdp(packet, cursor);
    if (layer !== layers.done || !mayBeTunnel(packet) || packet.ipStart === cursor.closedIpStart) return layer;
    const { tunnelDepth } = packet;
    this.#outer.remember(packet, end, wireEnd);
    const inner = openUdpTunnel(packet, cursor, this.#policy);
    if (packet.tunnelDepth === tunnelDepth) this.#outer.forget();
    return inner;
  }

  /** Whether what seemed to be a tunnel is just some UDP payload: what is inside contradicts itself. */
  #isNoTunnel(packet: Packet, failure: number): boolean {
    switch (failure) {
      case failures.short:
      case failures.badIp:
      case failures.badTransport:
      case failures.tooDeep:
        return true;
      case failures.notIp:
        return !looksLikeEthernet(packet.bytes, packet.innerStart, this.#cursor.end);
      default:
        return false;
    }
  }
}

/** Sets what a frame may leave unset. */
function reset(packet: Packet): void {
  packet.fragments = 0;
  packet.ethernetStart = -1;
  packet.etherType = 0;
  packet.vlan = 0;
  packet.innerVlan = 0;
  packet.mplsLabel = 0;
  packet.tunnel = 0;
  packet.tunnelDepth = 0;
  packet.tunnelId = 0;
  packet.tunnelVersion = 0;
  packet.servicePath = 0;
  packet.outerEthernetStart = -1;
  packet.outerIpStart = -1;
  packet.innerStart = -1;
  packet.ipVersion = 0;
  packet.ipStart = -1;
  packet.ipProtocol = 0;
  packet.sourcePort = 0;
  packet.destinationPort = 0;
  packet.seq = 0;
  packet.ack = 0;
  packet.flags = 0;
  packet.window = 0;
  packet.windowScale = -1;
  packet.mss = 0;
  packet.sackPermitted = 0;
  packet.realClient0 = 0;
  packet.realClient1 = 0;
  packet.realClient2 = 0;
  packet.realClientAddress = 0;
  packet.realClientPort = 0;
  packet.icmpType = 0;
  packet.icmpCode = 0;
  packet.payloadStart = packet.start;
  packet.payloadLength = 0;
  packet.payloadWireLength = 0;
  packet.layer3Length = 0;
  packet.layer4Length = 0;
}
