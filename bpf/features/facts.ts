/** What is to be known about this kernel and these permissions before anything is tried. */
import { closeSync, openSync, readFileSync, readlinkSync } from 'node:fs';
import { release } from 'node:os';
import { type Capability, parseCapabilities } from './capabilities.ts';

export interface Facts {
  kernel: Kernel;
  uid: number;
  /** Effective ones; in a user namespace of its own they mean nothing to the kernel's BPF. */
  capabilities: ReadonlySet<Capability>;
  inUserNamespace: boolean;
  /** The kernel's programs tell pids of the host, which are other ones in a pid namespace of its own. */
  inPidNamespace: boolean;
  /** Types of the kernel, /sys/kernel/btf/vmlinux. */
  btf: Access;
  tracefs: Access;
  /** `unknown` where securityfs is not mounted. */
  lockdown: 'none' | 'integrity' | 'confidentiality' | 'unknown';
  /** kernel.unprivileged_bpf_disabled: 0 allows everyone, 1 and 2 ask for capabilities; undefined where there is no such switch. */
  unprivilegedBpfDisabled: number | undefined;
  /** RLIMIT_MEMLOCK; Infinity without a limit. */
  memlockBytes: number;
}

export interface Kernel {
  /** As uname tells it. */
  release: string;
  major: number;
  minor: number;
}

export type Access = 'readable' | 'denied' | 'missing';

/** Where it is read; tests hide a file by naming another. */
export interface Places {
  release?: string;
  proc?: string;
  btf?: string;
  tracefs?: string[];
  lockdown?: string;
}

export function readFacts({
  release: name = release(),
  proc = '/proc',
  btf = '/sys/kernel/btf/vmlinux',
  tracefs = ['/sys/kernel/tracing/events', '/sys/kernel/debug/tracing/events'],
  lockdown = '/sys/kernel/security/lockdown',
}: Places = {}): Facts {
  const status = text(`${proc}/self/status`);
  const limits = text(`${proc}/self/limits`);
  const switched = text(`${proc}/sys/kernel/unprivileged_bpf_disabled`).trim();
  const memlock = /^Max locked memory\s+(\d+|unlimited)/m.exec(limits)?.[1];
  return {
    kernel: parseKernel(name),
    uid: Number(/^Uid:\s+\d+\s+(\d+)/m.exec(status)?.[1] ?? process.geteuid?.() ?? 0),
    capabilities: parseCapabilities(status),
    inUserNamespace: isNested(text(`${proc}/self/uid_map`)),
    inPidNamespace: ![undefined, firstPidNamespace].includes(linkTo(`${proc}/self/ns/pid`)),
    btf: accessTo([btf]),
    tracefs: accessTo(tracefs),
    lockdown: parseLockdown(text(lockdown)),
    unprivilegedBpfDisabled: switched === '' ? undefined : Number(switched),
    memlockBytes: memlock === undefined || memlock === 'unlimited' ? Number.POSITIVE_INFINITY : Number(memlock),
  };
}

export function parseKernel(name: string): Kernel {
  const [, major = '0', minor = '0'] = /^(\d+)\.(\d+)/.exec(name) ?? [];
  return { release: name, major: Number(major), minor: Number(minor) };
}

export function isAtLeast(kernel: Kernel, [major, minor]: readonly [number, number]): boolean {
  return kernel.major > major || (kernel.major === major && kernel.minor >= minor);
}

/** PROC_PID_INIT_INO of linux/proc_ns.h. */
const firstPidNamespace = 'pid:[4026531836]';

/** The first user namespace maps every number to itself. */
function isNested(uidMap: string): boolean {
  const [first = ''] = uidMap.split('\n');
  return first !== '' && !/^\s*0\s+0\s+4294967295\s*$/.test(first);
}

/** `none [integrity] confidentiality`: the one in brackets is on. */
function parseLockdown(modes: string): Facts['lockdown'] {
  const on = /\[(none|integrity|confidentiality)\]/.exec(modes)?.[1];
  return (on as Facts['lockdown'] | undefined) ?? 'unknown';
}

/** The best access that one of several places gives. */
function accessTo(paths: string[]): Access {
  let found: Access = 'missing';
  for (const path of paths) {
    try {
      closeSync(openSync(path, 'r'));
      return 'readable';
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EACCES' || code === 'EPERM') found = 'denied';
    }
  }
  return found;
}

function linkTo(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

function text(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
