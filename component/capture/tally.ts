/** Numbers of a capture thread, and what they grew by since its receiver heard of them. */
import type { Counted } from './messages.ts';

export interface Tally<Name extends string> {
  readonly counts: Record<Name, number>;
  /** Undefined when nothing was counted. */
  take(): Counted | undefined;
}

/** `labelled` adds what counters with a label grew by. */
export function createTally<Name extends string>(
  counters: Readonly<Record<Name, string>>,
  labelled: () => Counted['labelled'] = () => ({}),
): Tally<Name> {
  const names = Object.keys(counters) as Name[];
  const counts = Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;
  const told = { ...counts };
  return {
    counts,
    take() {
      const grown: Record<string, number> = {};
      for (const name of names) {
        const more = counts[name] - told[name];
        if (more > 0) grown[name] = more;
        told[name] = counts[name];
      }
      const byLabel = labelled();
      if (Object.keys(grown).length + Object.keys(byLabel).length === 0) return undefined;
      return { counts: grown, labelled: byLabel };
    },
  };
}
