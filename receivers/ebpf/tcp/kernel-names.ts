/** What this kernel calls the reasons of resets and drops, whose numbers differ from version to version; and states of TCP. */
import { readFileSync } from 'node:fs';
import { getSystemErrorName } from 'node:util';
import { Btf } from 'libbpfjs';

/** Names by number, lower case and without the enum's prefix: `tcp_abort_on_close`. */
export interface KernelNames {
  resetReason(number: number): string;
  dropReason(number: number): string;
}

/** Reads the kernel's BTF; a kernel without gives numbers for names. */
export function readKernelNames(path = '/sys/kernel/btf/vmlinux'): KernelNames {
  let resets = new Map<number, string>();
  let drops = new Map<number, string>();
  try {
    const btf = new Btf(readFileSync(path));
    resets = namesOf(btf, 'sk_rst_reason', 'SK_RST_REASON_');
    drops = namesOf(btf, 'skb_drop_reason', 'SKB_DROP_REASON_');
  } catch {
    // Without BTF no program of ours would have been loaded either; what is left is to say the number.
  }
  return {
    resetReason: (number) => resets.get(number) ?? String(number),
    dropReason: (number) => drops.get(number) ?? String(number),
  };
}

function namesOf(btf: Btf, enumeration: string, prefix: string): Map<number, string> {
  const names = new Map<number, string>();
  for (const [name, value] of btf.enumeration(enumeration) ?? []) {
    names.set(Number(value), (name.startsWith(prefix) ? name.slice(prefix.length) : name).toLowerCase());
  }
  return names;
}

/** include/net/tcp_states.h, from 1. */
const states = [
  '',
  'established',
  'syn_sent',
  'syn_recv',
  'fin_wait1',
  'fin_wait2',
  'time_wait',
  'close',
  'close_wait',
  'last_ack',
  'listen',
  'closing',
];

export const closedState = states.indexOf('close');

export function stateName(state: number): string {
  return states[state] ?? '';
}

/** `ECONNREFUSED` for 111; '' for none. */
export function errorName(errno: number): string {
  if (errno === 0) return '';
  try {
    return getSystemErrorName(-errno);
  } catch {
    return String(errno);
  }
}
