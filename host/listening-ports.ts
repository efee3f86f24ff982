/** Tells which end a process has of a connection that was there before us: the server's, if its port is being listened on. */
import { readNamespace, readText } from './proc-file.ts';
import { listProcesses } from './processes.ts';
import { readSockets } from './sockets.ts';

export interface ListeningPorts {
  /**
   * `pid` uses the socket, which is of the network namespace `netns` (an inode). Undefined when that cannot be looked at.
   */
  roleOf(netns: number, pid: number, transport: 'tcp' | 'udp', localPort: number): 'server' | 'client' | undefined;
}

export interface ListeningPortsOptions {
  proc?: string;
  /** Milliseconds that only go up. */
  now?: () => number;
}

interface Ports {
  tcp: Set<number>;
  udp: Set<number>;
  readMs: number;
  readable: boolean;
}

/** A namespace is read again after this, because servers start later too. Reading takes about 1 us a socket. */
const refreshMs = 5000;
const maxNamespaces = 4096;

export function createListeningPorts({
  proc = '/proc',
  now = () => performance.now(),
}: ListeningPortsOptions = {}): ListeningPorts {
  const namespaces = new Map<number, Ports>();
  const [firstEphemeral, lastEphemeral] = readEphemeralRange(proc);

  function portsOf(netns: number, pid: number): Ports {
    const known = namespaces.get(netns);
    if (known !== undefined && now() - known.readMs < refreshMs) return known;
    const ports: Ports = { tcp: new Set(), udp: new Set(), readMs: now(), readable: false };
    const member = memberOf(netns, pid);
    if (member !== undefined) {
      for (const { transport, localPort, state } of readSockets(member, proc)) {
        ports.readable = true;
        if (state === 'listening') ports[transport].add(localPort);
      }
    }
    if (namespaces.size >= maxNamespaces) namespaces.clear();
    namespaces.set(netns, ports);
    return ports;
  }

  /** A socket that was handed over may be of another namespace than the process that has it. */
  function memberOf(netns: number, pid: number): number | undefined {
    const isMember = (candidate: number) => readNamespace(`${proc}/${candidate}/ns/net`) === netns;
    return isMember(pid) ? pid : listProcesses(proc).find(isMember);
  }

  return {
    roleOf(netns, pid, transport, localPort) {
      const ports = portsOf(netns, pid);
      if (!ports.readable) return undefined;
      const listening = ports[transport].has(localPort);
      // A client's UDP socket has no peer either, but a port that the kernel chose.
      if (transport === 'udp' && localPort >= firstEphemeral && localPort <= lastEphemeral) return 'client';
      return listening ? 'server' : 'client';
    },
  };
}

function readEphemeralRange(proc: string): [number, number] {
  const found = /^(\d+)\s+(\d+)/.exec(readText(`${proc}/sys/net/ipv4/ip_local_port_range`) ?? '');
  return found === null ? [32_768, 60_999] : [Number(found[1]), Number(found[2])];
}
