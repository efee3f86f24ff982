/** The lines about the host: kernel, permissions and switches, and the parts of the collector that are built at set-up. */
import { allCapabilities } from '../../bpf/features/capabilities.ts';
import { explainKernel } from '../../bpf/features/explain.ts';
import type { Outcomes } from '../../bpf/features/facilities.ts';
import type { Facts } from '../../bpf/features/facts.ts';
import type { PartReport } from '../../bpf/features/parts.ts';
import type { HostLine } from './report.ts';

export function hostLines(facts: Facts, outcomes: Outcomes, parts: PartReport[]): HostLine[] {
  return [
    kernelLine(facts, outcomes),
    permissionLine(facts),
    lockdownLine(facts),
    unprivilegedLine(facts),
    memlockLine(facts),
    ...parts.map(({ part, title, status, reason, action }) => ({
      name: part,
      title,
      status,
      found: status === 'ok' && reason === '' ? 'built' : reason,
      action,
    })),
  ];
}

function kernelLine(facts: Facts, outcomes: Outcomes): HostLine {
  const { status, reason, action } = explainKernel(facts, outcomes);
  return { name: 'kernel', title: 'kernel', status, found: reason || `Linux ${facts.kernel.release}`, action };
}

function permissionLine({ uid, capabilities, inUserNamespace }: Facts): HostLine {
  const has = allCapabilities.filter((one) => capabilities.has(one));
  const who = uid === 0 ? 'root' : `user ${uid}`;
  const line = { name: 'permissions', title: 'permissions' };
  if (inUserNamespace) {
    const action = 'run in the first user namespace (a container that is not rootless)';
    return { ...line, status: 'no', found: `${who} of a user namespace, which is nobody to the kernel`, action };
  }
  if (has.length === allCapabilities.length)
    return { ...line, status: 'ok', found: `${who} with ${has.join(', ')}`, action: '' };
  if (has.length === 0) return { ...line, status: 'no', found: `${who} without capabilities`, action: '' };
  return { ...line, status: 'limited', found: `${who} with ${has.join(', ')}`, action: '' };
}

function lockdownLine({ lockdown }: Facts): HostLine {
  const line = { name: 'lockdown', title: 'lockdown of the kernel' };
  if (lockdown === 'confidentiality') {
    const action = 'boot with lockdown=integrity, or without';
    return { ...line, status: 'no', found: 'confidentiality: eBPF may not read memory', action };
  }
  const found = lockdown === 'unknown' ? 'not known, securityfs is not mounted' : lockdown;
  return { ...line, status: 'ok', found, action: '' };
}

function unprivilegedLine({ unprivilegedBpfDisabled: value }: Facts): HostLine {
  const line = { name: 'unprivileged_bpf', title: 'eBPF without capabilities', status: 'ok', action: '' } as const;
  if (value === undefined) return { ...line, found: 'this kernel has no switch for it' };
  const found = value === 0 ? 'allowed, which nothing here needs' : 'not allowed, as it should be';
  return { ...line, found: `${found} (kernel.unprivileged_bpf_disabled=${value})` };
}

/** Kernels from 5.11 count memory of eBPF by cgroup. */
function memlockLine({ memlockBytes, kernel }: Facts): HostLine {
  const counts = kernel.major < 5 || (kernel.major === 5 && kernel.minor < 11);
  const size = memlockBytes === Number.POSITIVE_INFINITY ? 'unlimited' : `${Math.floor(memlockBytes / 1024)} KiB`;
  const line = { name: 'memlock', title: 'locked memory' };
  const isEnough = !counts || memlockBytes >= 64 * 1024 * 1024;
  const found = counts ? size : `${size}, which does not matter since Linux 5.11`;
  if (isEnough) return { ...line, status: 'ok', found, action: '' };
  return { ...line, status: 'limited', found, action: 'raise it: LimitMEMLOCK=infinity, ulimit -l unlimited' };
}
