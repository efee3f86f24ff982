/** Tells whose plaintext is not seen: one line for each library and reason, and later how many more there were. */
import type { ProbeStatus } from './messages.ts';

/** A host that builds software starts thousands of processes an hour. */
const everyMs = 10 * 60_000;
/** Kinds that are told apart; reasons are a few, so that more are a mistake of ours. */
const maxKinds = 512;

export interface UnseenOptions {
  tell(message: string, fields: Record<string, string | number>): void;
  now(): number;
}

export interface Unseen {
  /** A process has a library that is not seen. */
  add(status: ProbeStatus): void;
  /** Time goes on: tells of those that came since. */
  tick(): void;
}

export function createUnseen({ tell, now }: UnseenOptions): Unseen {
  const kinds = new Map<string, { first: ProbeStatus; more: number }>();
  let toldMs = now();

  return {
    add(status) {
      const { pid, path, library, reason } = status;
      // Errors name the file as the process has it: by its pid.
      const key = `${library} ${reason.replace(/\d+/g, '#')}`;
      const known = kinds.get(key);
      if (known !== undefined) {
        known.more++;
        return;
      }
      if (kinds.size >= maxKinds) return;
      kinds.set(key, { first: status, more: 0 });
      tell('The plaintext of a process is not seen', { pid, path, library, reason });
    },
    tick() {
      if (now() - toldMs < everyMs) return;
      toldMs = now();
      for (const kind of kinds.values()) {
        if (kind.more === 0) continue;
        const { library, reason } = kind.first;
        tell('The plaintext of more processes is not seen', { processes: kind.more, library, reason });
        kind.more = 0;
      }
    },
  };
}
