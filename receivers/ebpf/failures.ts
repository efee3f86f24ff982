/** What goes wrong again and again, told once for each kind; how often it happens is a number. */
import type { FromThread } from '../../component/capture/messages.ts';
import type { TellUnreadable } from './rules.ts';

/** Gives a function that tells `message` with the error, the first time for each `kind`. */
export function tellOnce(
  post: (message: FromThread) => void,
  message: string,
): (error: unknown, kind: string | number) => void {
  const told = new Set<string | number>();
  return (error, kind) => {
    if (told.has(kind)) return;
    told.add(kind);
    const { stack, message: text } = error instanceof Error ? error : new Error(String(error));
    post({ type: 'log', level: 'error', message, fields: { kind, error: stack ?? text } });
  };
}

const lostEveryMs = 60_000;

/** Gives a function that is told how many events were lost by now, and tells of those that are new, at most once a minute. */
export function createTellLost(
  post: (message: FromThread) => void,
  ringBytes: number,
  now: () => number = () => performance.now(),
): (lost: number) => void {
  let told = 0;
  let toldMs = Number.NEGATIVE_INFINITY;
  return (lost) => {
    if (lost === told || now() - toldMs < lostEveryMs) return;
    const fields = {
      events: lost - told,
      ring_bytes: ringBytes,
      action: 'make ring::size larger, or leave processes or ports out (processes::exclude, exclude_ports)',
    };
    post({ type: 'log', level: 'warn', message: 'The ring was full: events of the kernel are lost', fields });
    told = lost;
    toldMs = now();
  };
}

/** Tells of the first process that no pattern can be asked about. */
export function createTellUnreadable(post: (message: FromThread) => void): TellUnreadable {
  let isTold = false;
  return (pid, name) => {
    if (isTold) return;
    isTold = true;
    post({
      type: 'log',
      level: 'warn',
      message: 'Patterns of processes do not find those whose executable may not be read',
      fields: {
        pid,
        process: name,
        action: 'run as root or with CAP_SYS_PTRACE, or name cgroups in processes::cgroups',
      },
    });
  };
}
