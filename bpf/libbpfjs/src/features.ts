/** What this kernel and these permissions allow, found by trying: each probe loads or creates the smallest thing of its kind. */
import { accessSync, constants, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { type Addon, loadAddon } from './addon.ts';
import { capabilities } from './capabilities.ts';
import { attachTypes, mapTypes, programTypes } from './names.ts';
import { findTracefs, mountTracefs } from './tracefs.ts';

export type Feature =
  | { available: true }
  /** `code`: name of the errno, or `NO_ADDON`; `reason`: one clause for a person. */
  | { available: false; code: string; reason: string };

/** What the probes try to load. */
export type ProbedProgram =
  | 'socket_filter'
  | 'tp_btf'
  | 'raw_tracepoint'
  | 'tracepoint'
  | 'uprobe'
  | 'perf_event'
  | 'sock_ops';
export type ProbedMap = 'hash' | 'lru_hash' | 'percpu_array' | 'ringbuf' | 'task_storage';

export interface Features {
  /** As `uname -r` tells. */
  kernelVersion: string;
  /** Undefined when the native part cannot be loaded. */
  libbpfVersion: string | undefined;
  programs: Record<ProbedProgram, Feature>;
  maps: Record<ProbedMap, Feature>;
  /** The kernel's own types, for CO-RE and tp_btf. */
  btf: Feature;
  /** Short for `maps.ringbuf` and `maps.task_storage`. */
  ringBuffer: Feature;
  taskStorage: Feature;
  /** Many uprobes in one link, Linux 6.6. */
  uprobeMulti: Feature;
  /** Tracepoints by name, which need tracefs. */
  tracefs: Feature;
  /** 0: anybody may load some programs; 1: not, for good; 2: not, but root may change that; undefined: unknown. */
  unprivilegedBpfDisabled: number | undefined;
  /** `none`, `integrity`, `confidentiality`; undefined where the kernel does not tell. */
  lockdown: string | undefined;
  /** Names of the capabilities in effect (CapEff). */
  capabilities: string[];
}

/** Never throws. Leaves nothing in the kernel. Takes some milliseconds, with BTF the first time some ten. */
export function probeFeatures(): Features {
  let addon: Addon | undefined;
  let missing: Feature = { available: true };
  try {
    addon = loadAddon();
  } catch (error) {
    missing = refusal(error);
  }
  const probe = (call: (addon: Addon) => void): Feature => (addon === undefined ? missing : attempt(addon, call));
  const loads = (type: (typeof programTypes)[number], attachType = 0) =>
    probe((native) => native.closeFd(native.probeProgram(programTypes.indexOf(type), attachType, 0)));
  const creates = (type: (typeof mapTypes)[number], key: number, value: number, entries: number) =>
    probe((native) => native.closeFd(native.createMap(mapTypes.indexOf(type), 'probe', key, value, entries, 0)));

  const maps: Record<ProbedMap, Feature> = {
    hash: creates('hash', 4, 4, 1),
    lru_hash: creates('lru_hash', 4, 4, 1),
    percpu_array: creates('percpu_array', 4, 8, 1),
    ringbuf: creates('ringbuf', 0, 0, 65_536),
    task_storage: probe((native) => native.closeFd(native.createTaskStorage())),
  };
  return {
    kernelVersion: release(),
    libbpfVersion: addon?.libbpfVersion(),
    programs: {
      socket_filter: loads('socket_filter'),
      tp_btf: probe((native) => {
        const type = native.kernelType('sys_enter', attachTypes.trace_raw_tp);
        native.closeFd(native.probeProgram(programTypes.indexOf('tracing'), attachTypes.trace_raw_tp, type));
      }),
      raw_tracepoint: loads('raw_tracepoint'),
      tracepoint: loads('tracepoint'),
      uprobe: loads('kprobe'),
      perf_event: loads('perf_event'),
      sock_ops: loads('sock_ops', attachTypes.cgroup_sock_ops),
    },
    maps,
    btf: readable('/sys/kernel/btf/vmlinux', 'the kernel was built without CONFIG_DEBUG_INFO_BTF'),
    ringBuffer: maps.ringbuf,
    taskStorage: maps.task_storage,
    uprobeMulti: probe(tryUprobeMulti),
    tracefs: probeTracefs(),
    unprivilegedBpfDisabled: numberIn('/proc/sys/kernel/unprivileged_bpf_disabled'),
    lockdown: /\[(\w+)\]/.exec(textOf('/sys/kernel/security/lockdown') ?? '')?.[1],
    capabilities: capabilities(textOf('/proc/self/status') ?? ''),
  };
}

/** A kernel that knows such links gets as far as finding that a folder is no program to put probes in: EBADF. */
function tryUprobeMulti(native: Addon): void {
  const program = native.probeProgram(programTypes.indexOf('kprobe'), attachTypes.uprobe_multi, 0);
  try {
    native.closeFd(native.attachUprobeMulti(program, '/', BigUint64Array.of(0n), undefined, 0, 0));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EBADF') throw error;
  } finally {
    native.closeFd(program);
  }
}

function attempt(addon: Addon, call: (addon: Addon) => void): Feature {
  try {
    call(addon);
    return { available: true };
  } catch (error) {
    return refusal(error);
  } finally {
    addon.takeLog();
  }
}

function refusal(error: unknown): Feature {
  const { code = 'EIO', message } = error as NodeJS.ErrnoException;
  return { available: false, code, reason: reasonOf(code) ?? message };
}

function reasonOf(code: string): string | undefined {
  switch (code) {
    case 'EPERM':
    case 'EACCES':
      return 'not permitted: eBPF needs root, or CAP_BPF and CAP_PERFMON (networking programs CAP_NET_ADMIN)';
    case 'EINVAL':
      return `this kernel (${release()}) does not know it`;
    case 'ENOSYS':
      return `this kernel (${release()}) was built without CONFIG_BPF_SYSCALL`;
    default:
      return undefined;
  }
}

function readable(path: string, otherwise: string): Feature {
  try {
    accessSync(path, constants.R_OK);
    return { available: true };
  } catch (error) {
    const { code = 'EIO' } = error as NodeJS.ErrnoException;
    return { available: false, code, reason: code === 'EACCES' ? 'not permitted to read it' : otherwise };
  }
}

function probeTracefs(): Feature {
  const folder = findTracefs();
  if (folder === undefined) return { available: false, code: 'ENOENT', reason: mountTracefs };
  return readable(`${folder}/events`, mountTracefs);
}

function numberIn(path: string): number | undefined {
  const text = textOf(path);
  return text === undefined ? undefined : Number(text);
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
