/** What the headers of an interface's packets are: ARPHRD_ numbers of the kernel to LINKTYPE_ numbers of capture files. */

const linkTypes = new Map([
  // Ethernet; loopback, which has an Ethernet header of zeros.
  [1, 1],
  [772, 1],
  // IP without a header before it: tun and WireGuard (none), raw IP, IPIP, IP6-in-IP6 and SIT tunnels.
  [65534, 101],
  [519, 101],
  [768, 101],
  [769, 101],
  [776, 101],
]);

/** Undefined for links whose packets nobody here understands. */
export function linkTypeOf(arphrd: number): number | undefined {
  return linkTypes.get(arphrd);
}
