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
