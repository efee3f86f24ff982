/** The two ends of a connection as one of its sockets tells them, and by what both of them are known to be of one. */
import { localAddress, remoteAddress } from './addresses.ts';
import { linkKey } from './links.ts';
import type { SocketEvent } from './socket-event.ts';
import type { Ends, Role } from './socket-flow.ts';
import { inodeOf, peerInodeOf, peerOf } from './unix-paths.ts';

export interface FoundEnds {
  ends: Ends;
  /** The same at both ends, and whether this one is its first. */
  key: string;
  isFirst: boolean;
  /** Of AF_UNIX: tells this connection from earlier ones of the same two sockets' names; else undefined. */
  unixPair?: string;
}

export function findEnds(event: SocketEvent, transport: 'tcp' | 'udp'): FoundEnds {
  const ends: Ends = {
    transport,
    localAddress: localAddress(event),
    localPort: event.localPort,
    remoteAddress: remoteAddress(event),
    remotePort: event.remotePort,
  };
  const local = `${ends.localAddress} ${ends.localPort}`;
  return { ends, ...linkKey(transport, local, `${ends.remoteAddress} ${ends.remotePort}`) };
}

/** Over AF_UNIX the server has a path for an address, and the client none; both sockets' names are what both know. */
export function findUnixEnds(event: SocketEvent, role: Role, path: string): FoundEnds {
  const isServer = role === 'server';
  const ends: Ends = {
    // Its bytes come in order, as TCP's do; that it is none is said by the socket's facts.
    transport: 'tcp',
    localAddress: isServer ? path : '',
    localPort: 0,
    remoteAddress: isServer ? '' : path,
    remotePort: 0,
  };
  const linked = linkKey('unix', String(event.socket), String(peerOf(event)));
  // The client's inode is there from its connect(2) on; the server's is made when it accepts.
  return { ends, ...linked, unixPair: `${linked.key} ${isServer ? peerInodeOf(event) : inodeOf(event)}` };
}
