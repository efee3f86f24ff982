/** Linux capabilities: the few that capture asks for, read from CapEff, and how an operator grants them. */

export type Capability =
  | 'CAP_DAC_READ_SEARCH'
  | 'CAP_NET_ADMIN'
  | 'CAP_NET_RAW'
  | 'CAP_SYS_PTRACE'
  | 'CAP_SYS_ADMIN'
  | 'CAP_SYS_RESOURCE'
  | 'CAP_PERFMON'
  | 'CAP_BPF';

/** Bits of linux/capability.h. */
const bits: [bit: bigint, name: Capability][] = [
  [2n, 'CAP_DAC_READ_SEARCH'],
  [12n, 'CAP_NET_ADMIN'],
  [13n, 'CAP_NET_RAW'],
  [19n, 'CAP_SYS_PTRACE'],
  [21n, 'CAP_SYS_ADMIN'],
  [24n, 'CAP_SYS_RESOURCE'],
  [38n, 'CAP_PERFMON'],
  [39n, 'CAP_BPF'],
];

/** From the text of /proc/PID/status: the effective ones of those above. */
export function parseCapabilities(status: string): Set<Capability> {
  const hex = /^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0';
  const set = BigInt(`0x${hex}`);
  return new Set(bits.filter(([bit]) => (set >> bit) & 1n).map(([, name]) => name));
}

/** CAP_SYS_ADMIN stands for what was once a part of it. */
export function missingCapabilities(needed: readonly Capability[], has: ReadonlySet<Capability>): Capability[] {
  const within: Capability[] = ['CAP_BPF', 'CAP_PERFMON'];
  return needed.filter((one) => !has.has(one) && !(within.includes(one) && has.has('CAP_SYS_ADMIN')));
}

/** What to do about missing ones, as a clause. */
export function howToGrant(missing: readonly Capability[]): string {
  return `run as root, or grant ${listed(missing)}`;
}

/** With these everything works; root has more. */
export const allCapabilities: readonly Capability[] = ['CAP_BPF', 'CAP_PERFMON', 'CAP_NET_RAW', 'CAP_SYS_PTRACE'];

/** How all of them are granted, by each way to run a collector. */
export function waysToGrant(): [way: string, how: string][] {
  const short = allCapabilities.map((one) => one.slice('CAP_'.length));
  return [
    ['root', 'has all of it'],
    ['systemd', `AmbientCapabilities=${allCapabilities.join(' ')}`],
    ['Docker', short.map((one) => `--cap-add ${one}`).join(' ')],
    ['Kubernetes', `securityContext: {capabilities: {add: [${short.join(', ')}]}}`],
  ];
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(words: readonly string[]): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
