/** What the kernel side is told of processes and sockets: whom to trace, and how much of each connection to send. */
import type { ProcessRule, SocketsProgram } from '../../bpf/programs/sockets/sockets.ts';
import type { ProcessIdentity } from '../../host/identity.ts';
import { createIsOutside } from './cgroups.ts';
import type { ThreadSetup } from './messages.ts';
import { createSelection, type Verdict } from './selection.ts';
import type { Plane, Wish } from './socket-stream.ts';

/** Of an HTTP/1 message: its head is hardly ever longer, and what is sent of a body is paid for in the observed process. */
const headBytes = 1024;

/** Late events come within a second or so, and at most so many processes end in that time. */
const maxEnded = 8192;

const isChosen = (verdict: Verdict): boolean => verdict === 'yes' || verdict === 'default';

/** Hears of a process that no pattern can be asked about, because its executable may not be read. */
export type TellUnreadable = (pid: number, name: string) => void;

export interface Rules {
  /**
   * A process was seen for the first time, or runs another program now. `isOutside`: the kernel says that it is in none of the cgroups that
   * are traced, or that it is in one. False when the process is left out.
   */
  judge(identity: ProcessIdentity, isOutside?: boolean): boolean;
  /**
   * Whether the process is left out: of all that is told, not of calls alone. 0 stands for one that is not known, which may be any that
   * the options leave out.
   */
  isIgnored(pid: number): boolean;
  /** Whether the process has ended: its late events are judged, and the kernel is told nothing. */
  isOver(pid: number): boolean;
  /** It is a Go program: where its goroutines are found. */
  setGo(pid: number, go: NonNullable<ProcessRule['go']>): void;
  /** The pid belongs to a new process. */
  begin(pid: number): void;
  /** The process is over. */
  end(pid: number): void;
  /** `serverPort` 0: not known. */
  limit(socket: number, serverPort: number, plane: Plane, wish: Wish, seenNs: number): void;
}

export function createRules(
  { config, pid: ownPid }: ThreadSetup,
  program: SocketsProgram,
  tell: TellUnreadable,
): Rules {
  const { include, exclude, cgroups } = config.processes;
  const select = createSelection({
    processes: config.processes,
    ownPid,
    excludeOwn: config.exclude_own_traffic,
    onUnreadable: ({ pid, facts }) => tell(pid, facts.name),
  });
  const isOutsideByPath = createIsOutside(cgroups);
  const verdicts = new Map<number, Verdict>();
  /** Of processes that are over, oldest first: records of theirs still come. */
  const ended = new Map<number, Verdict>();
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

  /** What the kernel said of it at its exec holds for a process that is gone before /proc could be asked. */
  function isOutsideOf({ pid, facts }: ProcessIdentity): boolean {
    return isOutsideByPath(facts.cgroups) ?? verdicts.get(pid) === 'outside';
  }

  return {
    judge(identity, isOutside = cgroups.length > 0 && isOutsideOf(identity)) {
      const { pid } = identity;
      const verdict = select(identity, isOutside);
      if (ended.has(pid)) return isChosen(verdict);
      verdicts.set(pid, verdict);
      if (verdict === 'yes' || verdict === 'no') set(pid, { trace: verdict });
      else if (rules.delete(pid)) program.deleteProcess(pid);
      return isChosen(verdict);
    },
    isIgnored(pid) {
      const verdict = verdicts.get(pid) ?? ended.get(pid);
      if (pid === 0) return include.length + exclude.length + cgroups.length > 0;
      // Of one that nobody could look at nothing is known that it was chosen by.
      if (verdict === undefined) return pid === ownPid || include.length + cgroups.length > 0;
      return !isChosen(verdict);
    },
    isOver: (pid) => ended.has(pid),
    setGo(pid, go) {
      set(pid, { trace: rules.get(pid)?.trace ?? 'default', go });
    },
    begin(pid) {
      ended.delete(pid);
    },
    end(pid) {
      const verdict = verdicts.get(pid);
      verdicts.delete(pid);
      rules.delete(pid);
      if (verdict === undefined) return;
      if (ended.size >= maxEnded) ended.delete(ended.keys().next().value!);
      ended.set(pid, verdict);
    },
    limit(socket, serverPort, plane, wish, seenNs) {
      switch (wish) {
        case 'nothing':
          program.setLimit(socket, plane, { bytes: 0, mute: true }, seenNs);
          return;
        case 'heads':
          program.setLimit(socket, plane, { bytes: headBytes, heads: true }, seenNs);
          return;
        case 'messages':
          program.setLimit(socket, plane, { bytes: config.payload_limit, heads: true }, seenNs);
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
