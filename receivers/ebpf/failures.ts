/** Mistakes of ours, told once for each kind; how often they happen is a number. */
import type { FromThread } from '../../component/capture/messages.ts';

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
