/** What tunnels say they carry, by the numbers they have for it. */
import { layers } from './decode-cursor.ts';
import { etherTypes } from './decode-ethernet.ts';

/** By Ethernet type, as in GRE and Geneve; `done` for what is not looked into. */
export function layerOfEtherType(type: number): number {
  switch (type) {
    case etherTypes.teb:
      return layers.ethernet;
    case etherTypes.ipv4:
      return layers.ipv4;
    case etherTypes.ipv6:
      return layers.ipv6;
    case etherTypes.mpls:
    case etherTypes.mplsMulticast:
      return layers.mpls;
    case etherTypes.nsh:
      return layers.nsh;
    default:
      return layers.done;
  }
}

/** By the registry that NSH (RFC 8300 §9.1.3) and VXLAN's generic extension share. */
export function layerOfNextProtocol(next: number): number {
  switch (next) {
    case 1:
      return layers.ipv4;
    case 2:
      return layers.ipv6;
    case 3:
      return layers.ethernet;
    case 4:
      return layers.nsh;
    case 5:
      return layers.mpls;
    default:
      return layers.done;
  }
}
