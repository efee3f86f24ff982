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
  /** It is a Go program: where its goroutines are found. */
  setGo(pid: number, go: NonNullable<ProcessRule['go']>): void;
  /** The process is over. */
  forget(pid: number): void;
  limit(socket: number, plane: Plane, wish: Wish, seenNs: number): void;
}

export function createRules({ config, pid: ownPid }: ThreadSetup, program: SocketsProgram): Rules {
  const select = createSelection(config.processes, ownPid, config.exclude_own_traffic);
  const rules = new Map<number, ProcessRule>();

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
    setGo(pid, go) {
      set(pid, { trace: rules.get(pid)?.trace ?? 'default', go });
    },
    forget(pid) {
      rules.delete(pid);
    },
    limit(socket, plane, wish, seenNs) {
      switch (wish) {
        case 'nothing':
          program.setLimit(socket, plane, { bytes: 0, mute: true }, seenNs);
          return;
        case 'heads':
          program.setLimit(socket, plane, { bytes: headBytes, heads: true }, seenNs);
          return;
        case 'all':
          program.setLimit(socket, plane, { bytes: config.payload_limit }, seenNs);
          return;
        default:
          wish satisfies never;
      }
    },
  };
}
