/** What is measured: one case per path, signal, size of request and compression. */
import type { Options } from './options.ts';

export type ItemKind = 'spans' | 'logs' | 'metrics';
export type Path = 'otlp' | 'clickhouse';

/** A collector under test. `gogc400` is the Go Collector told to collect garbage four times less often: the tuned rival. */
export type Rival = 'ours' | 'go' | 'gogc400';

export interface Case {
  /** As in `ratio NAME: X`. */
  name: string;
  path: Path;
  kind: ItemKind;
  perRequest: number;
  /** Both from the generator to the collector and from the collector to the next hop. */
  gzip: boolean;
  /** Items measured after the warm-up. */
  items: number;
  rivals: readonly Rival[];
}

const kinds: readonly ItemKind[] = ['spans', 'logs', 'metrics'];
const sizes = [1000, 100, 20];

/** The cases of a path, in the order they run, narrowed by `--only` and resized by `--items` and `--quick`. */
export function casesOf(path: Path, options: Options): Case[] {
  const cases: Case[] = [];
  for (const gzip of path === 'otlp' ? [false, true] : [false]) {
    for (const kind of kinds) {
      for (const perRequest of sizes) {
        const name = `${path}/${kind}/${perRequest}${gzip ? '/gzip' : ''}`;
        const tuned = perRequest === 1000 && !gzip;
        const items = options.items ?? itemsFor(path) / (options.quick ? 4 : 1);
        cases.push({
          name,
          path,
          kind,
          perRequest,
          gzip,
          items,
          rivals: tuned ? ['ours', 'go', 'gogc400'] : ['ours', 'go'],
        });
      }
    }
  }
  const chosen = cases.filter(({ name }) => options.only?.test(name) ?? true);
  if (chosen.length === 0)
    throw new Error(`--only ${options.only}: no case matches; there are ${cases.map(({ name }) => name).join(', ')}`);
  return chosen;
}

/** Enough that the cheapest rival burns a second or two: /proc counts in steps of 10 ms. */
function itemsFor(path: Path): number {
  return path === 'clickhouse' ? 600_000 : 1_200_000;
}
