/** Tries each piece of the kernel that capture uses, in the smallest way there is, and leaves nothing behind. */
import { readFileSync } from 'node:fs';
import { type Feature, type Features, probeFeatures } from 'libbpfjs';
import { loadAddon } from '../packet-ring/addon.ts';
import { acceptAll } from '../packet-ring/filter.ts';
import { explainFeatures, type FeatureReport } from './explain.ts';
import type { Outcome, Outcomes } from './facilities.ts';
import { type Places, readFacts } from './facts.ts';
import { builtPrograms } from './parts.ts';

/** The features of this host as they are now, all that a receiver needs to know before it loads anything. */
export function examineFeatures(places?: Places): FeatureReport[] {
  return explainFeatures(readFacts(places), probeFacilities(), builtPrograms());
}

/** Takes some ten milliseconds. Never throws. */
export function probeFacilities(): Outcomes {
  return { ...outcomesOf(probeFeatures()), packet_socket: tryPacketSocket(), ...findInTypes() };
}

/** What programs may call is named in the kernel's types; which are megabytes, with names as they are. */
export function findInTypes(types = '/sys/kernel/btf/vmlinux'): Pick<Outcomes, 'typed_casts' | 'probe_cookies'> {
  let found: (name: string) => Outcome;
  try {
    const bytes = readFileSync(types);
    found = (name) => {
      if (bytes.includes(`\0${name}\0`)) return { kind: 'works' };
      return { kind: 'refused', code: 'ENOENT', message: `${name} is not in the types of the kernel` };
    };
  } catch (error) {
    const { code = 'EIO', message } = error as NodeJS.ErrnoException;
    found = () => ({ kind: 'refused', code, message });
  }
  return { typed_casts: found('bpf_rdonly_cast'), probe_cookies: found('BPF_FUNC_get_attach_cookie') };
}

/** What trying gave, in the words of this folder. */
export function outcomesOf(features: Pick<Features, 'programs' | 'maps' | 'uprobeMulti' | 'tracefs'>): Outcomes {
  const { programs, maps, uprobeMulti, tracefs } = features;
  return {
    ring_buffer: outcomeOf(maps.ringbuf),
    task_storage: outcomeOf(maps.task_storage),
    tp_btf: outcomeOf(programs.tp_btf),
    raw_tracepoint: outcomeOf(programs.raw_tracepoint),
    // Loaded by its type, attached by a number that only tracefs tells.
    tracepoint: outcomeOf(programs.tracepoint.available ? tracefs : programs.tracepoint),
    uprobe: outcomeOf(programs.uprobe),
    uprobe_multi: outcomeOf(uprobeMulti),
    perf_event: outcomeOf(programs.perf_event),
    sock_ops: outcomeOf(programs.sock_ops),
  };
}

function outcomeOf(feature: Feature): Outcome {
  if (feature.available) return { kind: 'works' };
  const { code, reason } = feature;
  return code === 'NO_ADDON' ? { kind: 'untried', message: notBuilt } : { kind: 'refused', code, message: reason };
}

const notBuilt = 'the native part of eBPF is not built';

/** A ring of one page on loopback, closed at once. */
function tryPacketSocket(): Outcome {
  let addon: ReturnType<typeof loadAddon>;
  try {
    addon = loadAddon();
  } catch {
    return { kind: 'untried', message: 'the native part of packet capture is not built' };
  }
  try {
    const plan = {
      interface: 'lo',
      blockSize: 65_536,
      blocks: 1,
      retireMs: 100,
      promiscuous: false,
      ignoreOutgoing: true,
    };
    addon.closeRing(addon.openRing(plan, acceptAll(64), () => {}).handle);
    return { kind: 'works' };
  } catch (error) {
    const { code = 'EIO', message } = error as NodeJS.ErrnoException;
    return { kind: 'refused', code, message };
  }
}
