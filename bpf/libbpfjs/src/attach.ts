/** The places a program can be joined to, one function a kind. Links are made by descriptor, so closing it is enough to undo them. */
import { closeSync, openSync, readFileSync } from 'node:fs';
import { attempt, loadAddon, type ProgramDescription } from './addon.ts';
import { BpfError } from './error.ts';
import { BpfLink } from './link.ts';
import { findTracefs, mountTracefs } from './tracefs.ts';

export type AttachTarget =
  /** Whatever the section says: tp_btf/NAME, raw_tp/NAME, tp/CATEGORY/NAME, fentry/NAME, iter/NAME. */
  | { kind: 'auto' }
  | { kind: 'raw_tracepoint'; name: string }
  /** Needs tracefs, which only root may read. */
  | { kind: 'tracepoint'; category: string; name: string }
  /** The CPU clock, sampled on one CPU, of all processes or one: every `period` ns, or `frequency` times a second. */
  | { kind: 'perf_event'; cpu: number; pid?: number; frequency: number; period?: never }
  | { kind: 'perf_event'; cpu: number; pid?: number; period: number; frequency?: never }
  /** `offset`: in the file, not the address in memory. Without `pid` every process that runs the file. */
  | { kind: 'uprobe'; path: string; offset: number; pid?: number; isReturn?: boolean; cookie?: bigint }
  /** Many at once, far cheaper to detach; Linux 6.6, and `setExpectedAttachType(program, 'uprobe_multi')` before load. */
  | {
      kind: 'uprobe_multi';
      path: string;
      offsets: readonly number[];
      cookies?: readonly bigint[];
      pid?: number;
      isReturn?: boolean;
    }
  /** sockops and other cgroup programs; `path`: a folder of the cgroup 2 file system. */
  | { kind: 'cgroup'; path: string };

/** PERF_TYPE_* of linux/perf_event.h. */
const perfSoftware = 1n;
const perfTracepoint = 2n;
const samplingPeriod = 1n;
const samplingFrequency = 2n;

export function attachTo(program: ProgramDescription, fd: number, target: AttachTarget): BpfLink {
  const operation = `attaching program ${program.name} to ${describe(program, target)}`;
  switch (target.kind) {
    case 'auto':
      return attachAuto(program, fd, operation);
    case 'raw_tracepoint':
      return new BpfLink(attempt(operation, (addon) => addon.openRawTracepoint(fd, target.name)));
    case 'tracepoint':
      return attachTracepoint(fd, target.category, target.name, operation);
    case 'perf_event': {
      const sampling = target.period === undefined ? samplingFrequency : samplingPeriod;
      const numbers = [perfSoftware, 0n, sampling, BigInt(target.period ?? target.frequency), 0n];
      return attachPerf(fd, { pid: target.pid ?? -1, cpu: target.cpu, numbers }, operation);
    }
    case 'uprobe':
      return attachUprobe(fd, target, operation);
    case 'uprobe_multi': {
      const offsets = BigUint64Array.from(target.offsets, BigInt);
      const cookies = target.cookies === undefined ? undefined : BigUint64Array.from(target.cookies);
      const call = { pid: target.pid ?? 0, isReturn: Number(target.isReturn ?? false) };
      return new BpfLink(
        attempt(operation, (addon) =>
          addon.attachUprobeMulti(fd, target.path, offsets, cookies, call.pid, call.isReturn),
        ),
      );
    }
    case 'cgroup': {
      const cgroup = readingFile(operation, () => openSync(target.path, 'r'));
      try {
        return new BpfLink(attempt(operation, (addon) => addon.attachCgroup(fd, cgroup, program.attachType)));
      } finally {
        closeSync(cgroup);
      }
    }
    default:
      target satisfies never;
      throw new BpfError('EINVAL', operation, 'there is no such kind of place');
  }
}

function attachAuto(program: ProgramDescription, fd: number, operation: string): BpfLink {
  const [kind = '', first = '', second = ''] = program.section.split('/');
  switch (kind) {
    case 'tp_btf':
    case 'fentry':
    case 'fexit':
    case 'fmod_ret':
    case 'lsm':
      return new BpfLink(attempt(operation, (addon) => addon.openRawTracepoint(fd, undefined)));
    case 'raw_tp':
    case 'raw_tracepoint':
      return new BpfLink(attempt(operation, (addon) => addon.openRawTracepoint(fd, first)));
    case 'tp':
    case 'tracepoint':
      return attachTracepoint(fd, first, second, operation);
    case 'iter':
      return new BpfLink(attempt(operation, (addon) => addon.attachIterator(fd)));
    default:
      throw new BpfError('EINVAL', operation, `its section ${program.section} names no place; give another target`);
  }
}

function attachTracepoint(fd: number, category: string, name: string, operation: string): BpfLink {
  const id = readingFile(operation, () => {
    const tracefs = findTracefs();
    if (tracefs === undefined) throw new BpfError('ENOENT', operation, mountTracefs);
    const id = readFileSync(`${tracefs}/events/${category}/${name}/id`, 'utf8');
    return BigInt(id.trim());
  });
  // The tracepoint fires on every CPU; the event only has to be on one.
  return attachPerf(fd, { pid: -1, cpu: 0, numbers: [perfTracepoint, id, samplingPeriod, 1n, 0n] }, operation);
}

function attachUprobe(fd: number, target: AttachTarget & { kind: 'uprobe' }, operation: string): BpfLink {
  const [type, returnBit] = readingFile(operation, () => {
    const device = '/sys/bus/event_source/devices/uprobe';
    const bit = readFileSync(`${device}/format/retprobe`, 'utf8').match(/config:(\d+)/)?.[1] ?? '0';
    return [BigInt(readFileSync(`${device}/type`, 'utf8').trim()), BigInt(bit)];
  }) as [bigint, bigint];
  const config = target.isReturn === true ? 1n << returnBit : 0n;
  const place = { pid: target.pid ?? -1, cpu: target.pid === undefined ? 0 : -1, path: target.path };
  const numbers = [type, config, 0n, 0n, BigInt(target.offset)];
  return attachPerf(fd, { ...place, numbers }, operation, target.cookie);
}

interface PerfPlace {
  pid: number;
  cpu: number;
  numbers: bigint[];
  path?: string;
}

function attachPerf(fd: number, place: PerfPlace, operation: string, cookie = 0n): BpfLink {
  const numbers = BigUint64Array.from(place.numbers);
  const perf = attempt(operation, (addon) => addon.openPerfEvent(place.pid, place.cpu, numbers, place.path));
  try {
    return new BpfLink(
      attempt(operation, (addon) => addon.attachPerfEvent(fd, perf, cookie)),
      [perf],
    );
  } catch (error) {
    loadAddon().closeFd(perf);
    throw error;
  }
}

function readingFile<T>(operation: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof BpfError) throw error;
    const { code = 'EIO', message } = error as NodeJS.ErrnoException;
    throw new BpfError(code, operation, message, { cause: error });
  }
}

function describe(program: ProgramDescription, target: AttachTarget): string {
  switch (target.kind) {
    case 'auto':
      return program.section;
    case 'raw_tracepoint':
      return `raw tracepoint ${target.name}`;
    case 'tracepoint':
      return `tracepoint ${target.category}/${target.name}`;
    case 'perf_event':
      return `the clock of CPU ${target.cpu}`;
    case 'uprobe':
      return `${target.path} at ${target.offset}`;
    case 'uprobe_multi':
      return `${target.path} at ${target.offsets.length} offsets`;
    case 'cgroup':
      return `cgroup ${target.path}`;
    default:
      target satisfies never;
      return '';
  }
}
