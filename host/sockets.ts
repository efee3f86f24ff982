/** Reads the sockets of a network namespace as the kernel lists them in /proc/net/{tcp,udp}{,6}. */
import { readText } from './proc-file.ts';

export interface HostSocket {
  transport: 'tcp' | 'udp';
  /** IPv6 as RFC 5952 writes it; an IPv4 address inside IPv6 is written as IPv4. */
  local: string;
  localPort: number;
  remote: string;
  /** 0 without a peer. */
  remotePort: number;
  state: SocketState;
  uid: number;
  /** As in the link `socket:[inode]` of a descriptor; 0 for one that no process holds any more. */
  inode: number;
}

/** `listening` is also a UDP socket without a peer; `other` is opening or closing. */
export type SocketState = 'listening' | 'established' | 'other';

/** 100,000 sockets; what is beyond is left out. */
const maxTableBytes = 16 * 1024 * 1024;

const tables: [file: string, transport: 'tcp' | 'udp'][] = [
  ['tcp', 'tcp'],
  ['tcp6', 'tcp'],
  ['udp', 'udp'],
  ['udp6', 'udp'],
];

/** All sockets of the network namespace that a process is in; none when it is gone. */
export function readSockets(pid: number | 'self', proc = '/proc'): HostSocket[] {
  return tables.flatMap(([file, transport]) =>
    parseSockets(readText(`${proc}/${pid}/net/${file}`, maxTableBytes) ?? '', transport),
  );
}

/**
 * Lines are `sl local remote state queues timer retransmits uid timeout inode …`; addresses are words of 32 bits in the order
 * of this machine, ports are plain, all hexadecimal.
 */
export function parseSockets(text: string, transport: 'tcp' | 'udp'): HostSocket[] {
  const sockets: HostSocket[] = [];
  for (let at = text.indexOf('\n') + 1; at > 0 && at < text.length; ) {
    let end = text.indexOf('\n', at);
    if (end < 0) end = text.length;
    const fields = text.slice(at, end).trim().split(/\s+/, 10);
    at = end + 1;
    const [, local = '', remote = '', state = '', , , , uid, , inode] = fields;
    const localAt = local.indexOf(':');
    const remoteAt = remote.indexOf(':');
    if (localAt < 0 || remoteAt < 0 || inode === undefined) continue;
    const remotePort = Number.parseInt(remote.slice(remoteAt + 1), 16);
    sockets.push({
      transport,
      local: addressOf(local.slice(0, localAt)),
      localPort: Number.parseInt(local.slice(localAt + 1), 16),
      remote: addressOf(remote.slice(0, remoteAt)),
      remotePort,
      state: stateOf(transport, state, remotePort),
      uid: Number(uid),
      inode: Number(inode),
    });
  }
  return sockets;
}

/** Numbers of include/net/tcp_states.h; UDP uses 1 with a peer and 7 without. */
function stateOf(transport: 'tcp' | 'udp', state: string, remotePort: number): SocketState {
  if (state === '0A' || (transport === 'udp' && remotePort === 0)) return 'listening';
  return state === '01' ? 'established' : 'other';
}

function addressOf(hex: string): string {
  const bytes = Buffer.from(hex, 'hex');
  for (let at = 0; at + 4 <= bytes.length; at += 4) bytes.writeUInt32BE(bytes.readUInt32LE(at), at);
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) return '';
  const isMapped = bytes.readUInt32BE(8) === 0xffff && bytes.readBigUInt64BE(0) === 0n;
  return isMapped ? bytes.subarray(12).join('.') : ipv6Text(bytes);
}

/** RFC 5952 §4: the longest run of at least two zero groups is left out, the first of equal ones. */
function ipv6Text(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, at) => bytes.readUInt16BE(at * 2));
  let longest = { start: 0, length: 1 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length += 1;
    if (length > longest.length) longest = { start, length };
  }
  const text = (from: number, to: number) =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(':');
  if (longest.length < 2) return text(0, 8);
  return `${text(0, longest.start)}::${text(longest.start + longest.length, 8)}`;
}
