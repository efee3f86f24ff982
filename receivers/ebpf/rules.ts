/** What the kernel side is told of processes and sockets: whom to trace, and how much of each connection to send. */
import type { ProcessRule, SocketsProgram } from '../../bpf/programs/sockets/sockets.ts';
import type { ProcessIdentity } from '../../host/identity.ts';
import type { ThreadSetup } from './messages.ts';
import { createSelection } from './selection.ts';
import type { Plane, Wish } from './socket-stream.ts';

/** Of an HTTP/1 message: its head is hardly ever longer, and what is sent of a body is paid for in the observed process. */
const headBytes = 1024;

export interface Rules {
  /** A process was seen for the first time, or runs another program now. */
  judge(identity: ProcessIdentity): void;
  /** Whether the process is left out. */
  isIgnored(pid: number): boolean;
  /** It is a Go program: where its goroutines are found. */
  setGo(pid: number, go: NonNullable<ProcessRule['go']>): void;
  /** The process is over. */
  forget(pid: number): void;
  /** `serverPort` 0: not known. */
  limit(socket: number, serverPort: number, plane: Plane, wish: Wish, seenNs: number): void;
}

export function createRules({ config, pid: ownPid }: ThreadSetup, program: SocketsProgram): Rules {
  const select = createSelection(config.processes, ownPid, config.exclude_own_traffic);
  const rules = new Map<number, ProcessRule>();
  /** Ports whose new connections are sent in full from their first byte, by plane. */
  const fullPorts = { wire: new Set<number>(), clear: new Set<number>() };

  function set(pid: number, rule: ProcessRule): void {
    try {
      program.setProcess(pid, rule);
      rules.set(pid, rule);
    } catch {
      // The kernel's table is full: the process is treated as all that have no rule.
    }
  }

  return {
    judge(identity) {
      const { pid } = identity;
      const trace = select(identity);
      if (trace !== 'default') set(pid, { trace });
      else if (rules.delete(pid)) program.deleteProcess(pid);
    },
    isIgnored: (pid) => pid === ownPid || rules.get(pid)?.trace === 'no',
    setGo(pid, go) {
      set(pid, { trace: rules.get(pid)?.trace ?? 'default', go });
    },
    forget(pid) {
      rules.delete(pid);
    },
    limit(socket, serverPort, plane, wish, seenNs) {
      switch (wish) {
        case 'nothing':
          program.setLimit(socket, plane, { bytes: 0, mute: true }, seenNs);
          return;
        case 'heads':
          program.setLimit(socket, plane, { bytes: headBytes, heads: true }, seenNs);
          return;
        case 'all':
          program.setLimit(socket, plane, { bytes: config.payload_limit }, seenNs);
          if (serverPort === 0 || fullPorts[plane].has(serverPort)) return;
          // Many messages may have come before the first of them was looked at; of the next connection nothing is missed.
          fullPorts[plane].add(serverPort);
          program.setPortLimit(serverPort, plane, config.payload_limit);
          return;
        default:
          wish satisfies never;
      }
    },
  };
}
