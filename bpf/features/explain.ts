/** Turns facts and outcomes into reports: does it work, why not, what to do. `doctor` prints them and the receivers log them. */
import { type Capability, howToGrant, listed, missingCapabilities } from './capabilities.ts';
import { type Facility, type FacilityInfo, facilities, type Outcome, type Outcomes } from './facilities.ts';
import { type Facts, isAtLeast, type Kernel } from './facts.ts';
import { type FeatureInfo, type FeatureName, features } from './features.ts';

/** `limited`: it works, but sees less or costs more. */
export type Status = 'ok' | 'limited' | 'no';

/** Who can change it: `permission` the operator of this process, `kernel` that of the host, `build` who set the collector up. */
export type Cause = 'permission' | 'kernel' | 'build';

export interface FacilityReport {
  facility: Facility;
  title: string;
  status: Status;
  /** Undefined when it is ok. */
  cause: Cause | undefined;
  /** What was found, as a clause: `needs CAP_BPF and CAP_PERFMON`. Empty when it is ok. */
  reason: string;
  /** What to do about it; empty when there is nothing to do. */
  action: string;
  /** Capabilities that it needs and this process has not. */
  missing: readonly Capability[];
}

export interface FeatureReport {
  name: FeatureName;
  title: string;
  receiver: 'cbpf' | 'ebpf';
  status: Status;
  cause: Cause | undefined;
  reason: string;
  action: string;
  /** The facility that is used where there is a choice; undefined when none works or there is no choice. */
  uses: Facility | undefined;
}

/** Since then kernels have all that packets need and nothing that eBPF here needs; older ones are not tested. */
const oldestKernel = [4, 14] as const;
/** Since then BPF has capabilities of its own; before it all took CAP_SYS_ADMIN. */
const ownCapabilities = [5, 8] as const;
/** Since then memory of BPF is counted by cgroup and not by RLIMIT_MEMLOCK. */
const withoutMemlock = [5, 11] as const;
const memlockNeeded = 64 * 1024 * 1024;

export function explainFacilities(facts: Facts, outcomes: Outcomes): FacilityReport[] {
  return facilities.map((info) => explainFacility(info, facts, outcomes[info.facility]));
}

/** `built`: names of the programs that are there; all of them when it is not told. */
export function explainFeatures(facts: Facts, outcomes: Outcomes, built?: ReadonlySet<string>): FeatureReport[] {
  const reports = new Map(explainFacilities(facts, outcomes).map((report) => [report.facility, report]));
  return features.map((info) => {
    let found = explainFeature(info, (name) => reports.get(name)!);
    if (found.status !== 'no') found = explainPrograms(info, built) ?? found;
    if (info.opensFiles && found.status === 'ok') found = { ...found, ...explainOthers(info.name, facts) };
    const { status, cause, reason, action, uses } = found;
    return { name: info.name, title: info.title, receiver: info.receiver, status, cause, reason, action, uses };
  });
}

/**
 * Lines for a log, of reports that are not ok, one for each reason: `Calls of each process and TCP metrics: off, needs CAP_BPF
 * and CAP_PERFMON; run as root, or grant CAP_BPF and CAP_PERFMON`.
 */
export function explainInLines(reports: readonly FeatureReport[]): string[] {
  const groups = new Map<string, string[]>();
  for (const { title, status, reason, action } of reports) {
    if (status === 'ok') continue;
    const why = `${status === 'no' ? 'off' : 'limited'}, ${reason}${action === '' ? '' : `; ${action}`}`;
    groups.set(why, [...(groups.get(why) ?? []), title]);
  }
  return [...groups].map(([why, titles]) => `${listed(titles)}: ${why}`);
}

interface Found extends Pick<FacilityReport, 'status' | 'cause' | 'reason' | 'action'> {
  missing?: readonly Capability[];
}
const ok: Found = { status: 'ok', cause: undefined, reason: '', action: '' };

function explainFacility(info: FacilityInfo, facts: Facts, outcome: Outcome | undefined): FacilityReport {
  const isInTypes = info.facility === 'typed_casts' || info.facility === 'probe_cookies';
  const isBtf = info.facility === 'btf' || (isInTypes && facts.btf !== 'readable');
  const found = isBtf ? explainBtf(facts) : explainOutcome(info, facts, outcome);
  return { facility: info.facility, title: info.title, missing: [], ...found };
}

function explainBtf({ btf, kernel }: Facts): Found {
  switch (btf) {
    case 'readable':
      return ok;
    case 'denied':
      return {
        status: 'no',
        cause: 'permission',
        reason: '/sys/kernel/btf/vmlinux may not be read',
        action: 'make it readable (mode 0444), or in a container mount /sys read-only',
      };
    case 'missing':
      return {
        status: 'no',
        cause: 'kernel',
        reason: `there is no /sys/kernel/btf/vmlinux on Linux ${kernel.release}`,
        action:
          'use a kernel of 5.8 or later with CONFIG_DEBUG_INFO_BTF, as every current distribution has, or in a container mount /sys',
      };
    default:
      return btf satisfies never;
  }
}

/** What was tried counts more than versions: distributions bring new pieces to old kernels. */
function explainOutcome(info: FacilityInfo, facts: Facts, outcome: Outcome | undefined): Found {
  if (outcome?.kind === 'works') return ok;
  const tooOld = explainVersion(info, facts.kernel);
  if (tooOld !== undefined && outcome?.kind !== 'refused') return tooOld;
  const permission = explainPermission(info, facts, outcome);
  if (permission !== undefined) return permission;
  if (outcome?.kind === 'refused') return tooOld ?? explainRefusal(info, facts, outcome);
  const reason = outcome?.message ?? 'could not be tried';
  return { status: 'no', cause: 'build', reason, action: 'run `npm start` once, which builds what is missing' };
}

function explainVersion({ since, instead }: FacilityInfo, kernel: Kernel): Found | undefined {
  if (isAtLeast(kernel, since)) return undefined;
  const reason = `needs Linux ${since.join('.')}, this is ${kernel.release}`;
  return { status: 'no', cause: 'kernel', reason, action: `until then ${instead}` };
}

/** Not permitted is told apart from not supported by what the process has, and only then by what the kernel answered. */
function explainPermission(info: FacilityInfo, facts: Facts, outcome: Outcome | undefined): Found | undefined {
  const needed = neededBy(info, facts.kernel);
  const missing = missingCapabilities(needed, facts.capabilities);
  if (missing.length > 0) return needs(missing);
  if (outcome?.kind !== 'refused' || (outcome.code !== 'EPERM' && outcome.code !== 'EACCES')) return undefined;
  const no = (reason: string, action: string): Found => ({ status: 'no', cause: 'permission', reason, action });
  if (facts.inUserNamespace) {
    return no(
      `in a user namespace ${listed(needed)} ${needed.length > 1 ? 'do' : 'does'} not count (${outcome.code})`,
      'run outside of it, or in a container that is not rootless',
    );
  }
  if (info.facility === 'tracepoint' && facts.tracefs !== 'readable') return explainTracefs(facts);
  if (facts.lockdown === 'confidentiality') {
    return no('the kernel is locked down to confidentiality', 'boot with lockdown=integrity, or without');
  }
  if (!isAtLeast(facts.kernel, withoutMemlock) && facts.memlockBytes < memlockNeeded) {
    return no(
      `RLIMIT_MEMLOCK is ${facts.memlockBytes} bytes, which is too little before Linux 5.11`,
      'raise it (systemd: LimitMEMLOCK=infinity, docker: --ulimit memlock=-1), or grant CAP_SYS_RESOURCE',
    );
  }
  return no(
    `the kernel refuses it (${outcome.code}) although ${listed(needed)} ${needed.length > 1 ? 'are' : 'is'} there`,
    'look for a security module or a seccomp profile that forbids bpf() or perf_event_open() (docker: --security-opt seccomp=unconfined)',
  );
}

function needs(missing: readonly Capability[]): Found {
  return {
    status: 'no',
    cause: 'permission',
    reason: `needs ${listed(missing)}`,
    action: howToGrant(missing),
    missing,
  };
}

/** Tracepoints are named by files that only root may read, whatever the capabilities are. */
function explainTracefs({ tracefs }: Facts): Found {
  return tracefs === 'denied'
    ? {
        status: 'no',
        cause: 'permission',
        reason: '/sys/kernel/tracing may not be read',
        action: 'run as root, or grant CAP_DAC_READ_SEARCH',
      }
    : {
        status: 'no',
        cause: 'kernel',
        reason: 'tracefs is not mounted',
        action: 'mount -t tracefs tracefs /sys/kernel/tracing',
      };
}

function neededBy({ capabilities }: FacilityInfo, kernel: Kernel): Capability[] {
  if (isAtLeast(kernel, ownCapabilities)) return [...capabilities];
  return [...new Set(capabilities.map((one) => (one === 'CAP_BPF' || one === 'CAP_PERFMON' ? 'CAP_SYS_ADMIN' : one)))];
}

function explainRefusal(
  { facility, config, instead }: FacilityInfo,
  facts: Facts,
  outcome: { code: string; message: string },
): Found {
  if (facility === 'tracepoint' && facts.tracefs !== 'readable') return explainTracefs(facts);
  const reason = `Linux ${facts.kernel.release} does not support it (${outcome.code})`;
  return { status: 'no', cause: 'kernel', reason, action: `a kernel with ${config} has it, until then ${instead}` };
}

type FoundFeature = Found & { uses?: Facility };

function explainFeature(info: FeatureInfo, reportOf: (facility: Facility) => FacilityReport): FoundFeature {
  const required = info.needs.map(reportOf);
  const choices = info.oneOf.map((way) => explainWay(way.map(reportOf)));
  const chosen = choices.find(({ status }) => status === 'ok');
  const broken = [...required, ...(chosen === undefined ? mostHopeful(choices) : [])].filter(
    ({ status }) => status === 'no',
  );
  if (broken.length > 0) return explainBroken(broken);
  const uses = chosen === undefined ? {} : { uses: chosen.facility };
  if (chosen !== choices[0]) return { ...because(choices[0]!), status: 'limited', ...uses };
  const lacking = info.better.map(reportOf).find(({ status }) => status !== 'ok');
  return lacking === undefined ? { ...ok, ...uses } : { ...because(lacking), status: 'limited', ...uses };
}

/** As its first facility when all work, else as the one that takes the newest kernel, or else as the first that does not. */
function explainWay(parts: FacilityReport[]): FacilityReport {
  return parts.findLast(({ cause }) => cause === 'kernel') ?? parts.find(({ status }) => status !== 'ok') ?? parts[0]!;
}

function explainPrograms({ programs }: FeatureInfo, built: ReadonlySet<string> | undefined): Found | undefined {
  const missing = programs.filter((name) => built !== undefined && !built.has(name));
  if (missing.length === 0) return undefined;
  const reason = `the eBPF program${missing.length > 1 ? 's' : ''} ${listed(missing)} ${missing.length > 1 ? 'are' : 'is'} not built`;
  return {
    status: 'no',
    cause: 'build',
    reason,
    action: 'install clang and llvm, then run `npm start` once, which builds it',
  };
}

/** Of several that do not work, the first that takes no other kernel, or else the one that the oldest kernels have. */
function mostHopeful(choices: FacilityReport[]): FacilityReport[] {
  return choices
    .filter(({ cause }) => cause !== 'kernel')
    .concat(choices.slice(-1))
    .slice(0, 1);
}

/** A kernel without BTF is not helped by a capability; capabilities are asked for all at once. */
function explainBroken(reports: FacilityReport[]): Found {
  const kernel = reports.find(({ cause }) => cause === 'kernel');
  if (kernel !== undefined) return because(kernel);
  const missing = new Set(reports.flatMap((report) => report.missing));
  return missing.size > 0 ? needs([...missing]) : because(reports[0]!);
}

function because({ title, status, cause, reason, action }: FacilityReport): Found {
  return { status, cause, reason: `${title}: ${reason}`, action };
}

/** Executables, libraries and environments are reached through /proc/PID, where only their owner may look. */
function explainOthers(name: FeatureName, facts: Facts): Found {
  const limited = (reason: string, action: string): Found => ({
    status: 'limited',
    cause: 'permission',
    reason,
    action,
  });
  if (facts.inPidNamespace) {
    const reason = 'this process is in a pid namespace of its own, where processes of the host have no pid';
    return limited(reason, 'run in that of the host (docker: --pid=host, Kubernetes: hostPID: true)');
  }
  if (facts.capabilities.has('CAP_SYS_PTRACE') && !facts.inUserNamespace) return ok;
  const others = facts.uid === 0 ? 'processes with more capabilities' : 'processes of other users';
  const reason =
    name === 'processes'
      ? `executables and environments of ${others} may not be read, their names are guesses`
      : `libraries and executables of ${others} may not be opened`;
  return limited(reason, howToGrant(['CAP_SYS_PTRACE']));
}

/** What kernels before `oldestKernel` are: nothing here was ever run on one. */
export function explainKernel({ kernel }: Facts, outcomes: Outcomes): Found {
  if (!isAtLeast(kernel, oldestKernel)) {
    const reason = `Linux ${kernel.release} is older than ${oldestKernel.join('.')}, the oldest this was made for`;
    return { status: 'limited', cause: 'kernel', reason, action: 'packets may work; use a newer kernel' };
  }
  if (!isAtLeast(kernel, ownCapabilities) && outcomes.ring_buffer?.kind !== 'works') {
    const reason = `Linux ${kernel.release} has no ring buffer for eBPF (5.8)`;
    return { status: 'limited', cause: 'kernel', reason, action: 'packets only; use a newer kernel for the rest' };
  }
  return ok;
}
