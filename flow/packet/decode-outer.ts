/** Remembers a packet as it was before its UDP payload was taken for a tunnel, in case that makes no sense. */
import type { Cursor } from './decode-cursor.ts';
import type { Packet } from './packet.ts';

/** Where to begin again: the IP header, with what had been found out before it. */
export class OuterPacket {
  /** -1: nothing is remembered. */
  #ipStart = -1;
  #bytes = new Uint8Array(0);
  #end = 0;
  #wireEnd = 0;
  #ethernetStart = -1;
  #etherType = 0;
  #vlan = 0;
  #innerVlan = 0;
  #mplsLabel = 0;
  #tunnel = 0;
  #tunnelDepth = 0;
  #tunnelId = 0;
  #tunnelVersion = 0;
  #servicePath = 0;
  #outerEthernetStart = -1;
  #outerIpStart = -1;
  #innerStart = -1;

  forget(): void {
    this.#ipStart = -1;
  }

  /** `end` and `wireEnd` are those of the IP packet. */
  remember(packet: Packet, end: number, wireEnd: number): void {
    this.#ipStart = packet.ipStart;
    this.#bytes = packet.bytes as Uint8Array<ArrayBuffer>;
    this.#end = end;
    this.#wireEnd = wireEnd;
    this.#ethernetStart = packet.ethernetStart;
    this.#etherType = packet.etherType;
    this.#vlan = packet.vlan;
    this.#innerVlan = packet.innerVlan;
    this.#mplsLabel = packet.mplsLabel;
    this.#tunnel = packet.tunnel;
    this.#tunnelDepth = packet.tunnelDepth;
    this.#tunnelId = packet.tunnelId;
    this.#tunnelVersion = packet.tunnelVersion;
    this.#servicePath = packet.servicePath;
    this.#outerEthernetStart = packet.outerEthernetStart;
    this.#outerIpStart = packet.outerIpStart;
    this.#innerStart = packet.innerStart;
  }

  /** Goes back to the IP header, whose UDP payload is no tunnel now. False when there is nothing to go back to. */
  restore(packet: Packet, cursor: Cursor): boolean {
    // Another buffer: the packet inside was put together from fragments, which only the inside of a tunnel can have been.
    if (this.#ipStart < 0 || packet.bytes !== this.#bytes) return false;
    cursor.at = this.#ipStart;
    cursor.end = this.#end;
    cursor.wireEnd = this.#wireEnd;
    cursor.closedIpStart = this.#ipStart;
    packet.ethernetStart = this.#ethernetStart;
    packet.etherType = this.#etherType;
    packet.vlan = this.#vlan;
    packet.innerVlan = this.#innerVlan;
    packet.mplsLabel = this.#mplsLabel;
    packet.tunnel = this.#tunnel;
    packet.tunnelDepth = this.#tunnelDepth;
    packet.tunnelId = this.#tunnelId;
    packet.tunnelVersion = this.#tunnelVersion;
    packet.servicePath = this.#servicePath;
    packet.outerEthernetStart = this.#outerEthernetStart;
    packet.outerIpStart = this.#outerIpStart;
    packet.innerStart = this.#innerStart;
    this.#ipStart = -1;
    return true;
  }
}
