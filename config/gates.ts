/** Feature gates: the ids that `--feature-gates` takes. */

export interface Gate {
  id: string;
  stage: 'alpha' | 'beta' | 'stable' | 'deprecated';
  description: string;
}

export const gates: readonly Gate[] = [
  {
    id: 'service.AllowNoPipelines',
    stage: 'alpha',
    description: 'Allow starting the collector without any pipelines.',
  },
  {
    id: 'service.profilesSupport',
    stage: 'beta',
    description: 'Allow pipelines of profiles. On by default, unlike in the upstream Collector.',
  },
];

export type EnabledGates = ReadonlySet<string>;

/** The gates that are on after `--feature-gates` values such as `a,-b,+c`. Throws on an id that is not known. */
export function enabledGates(values: readonly string[]): EnabledGates {
  const enabled = new Set(gates.filter(({ stage }) => stage === 'beta' || stage === 'stable').map(({ id }) => id));
  for (const value of values.flatMap((list) => list.split(','))) {
    const off = value.startsWith('-');
    const id = value.replace(/^[-+]/, '').trim();
    if (id === '') continue;
    const gate = gates.find((one) => one.id === id);
    if (!gate) throw new Error(`no such feature gate "${id}"; known are: ${gates.map((one) => one.id).join(', ')}`);
    if (off && gate.stage === 'stable') throw new Error(`feature gate "${id}" is stable, can not be disabled`);
    if (off) enabled.delete(id);
    else enabled.add(id);
  }
  return enabled;
}
