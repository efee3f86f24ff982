/** Process by process: who it is, what it speaks, and what of it is seen. */
import type { FeatureReport } from '../../bpf/features/explain.ts';
import { createIdentityReader, type ProcessIdentity } from '../../host/identity.ts';
import { socketsOf } from '../../host/process-sockets.ts';
import { listProcesses, type ProcessFacts } from '../../host/processes.ts';
import { type HostSocket, readSockets } from '../../host/sockets.ts';
import type { Binaries } from './binaries.ts';
import type { ProcessReport } from './report.ts';

export interface ProcessesOptions {
  features: FeatureReport[];
  binariesOf(facts: ProcessFacts): Binaries;
  /** Those without network connections too. */
  all: boolean;
  proc?: string;
}

/** Kernel threads are left out, and ourselves. */
export function examineProcesses({ features, binariesOf, all, proc = '/proc' }: ProcessesOptions) {
  const opened = new Map<number, Binaries>();
  const open = (facts: ProcessFacts): Binaries => {
    const binaries = opened.get(facts.pid) ?? binariesOf(facts);
    opened.set(facts.pid, binaries);
    return binaries;
  };
  const reader = createIdentityReader({ proc, runtimeOf: (facts) => open(facts).runtime });
  const network = createNetwork(proc);
  const processes: ProcessReport[] = [];
  let processCount = 0;
  let hiddenCount = 0;
  for (const pid of listProcesses(proc)) {
    const identity = pid === process.pid ? undefined : reader.read(pid);
    if (identity === undefined || identity.facts.isKernelThread) continue;
    processCount += 1;
    const { ports, connections, hidden } = network.of(identity.facts);
    if (!all && !hidden && ports.length === 0 && connections === 0) continue;
    if (hidden) hiddenCount += 1;
    const covered = coverage(identity, open(identity.facts), features);
    processes.push({ ...describe(identity), ports, connections, ...covered });
  }
  return { processes, processCount, hiddenCount };
}

function describe({ pid, service, language, attributes, container }: ProcessIdentity) {
  // What follows a plus is the packager's.
  const version = String(attributes.find(([name]) => name === 'process.runtime.version')?.[1] ?? '').replace(
    /\+.*/,
    '',
  );
  return {
    pid,
    service: service.name,
    namedBy: service.source,
    runtime: [language, version].filter(Boolean).join(' '),
    container: container?.id,
  };
}

type Coverage = Pick<ProcessReport, 'tls' | 'status' | 'seen' | 'reason' | 'action'>;

function coverage({ facts, language }: ProcessIdentity, { tls }: Binaries, features: FeatureReport[]): Coverage {
  const feature = (name: FeatureReport['name']) => features.find((one) => one.name === name)!;
  const names = tls.map(({ name }) => name);
  const calls = feature('calls');
  if (calls.status === 'no') {
    const packets = feature('packets').status === 'no' ? [] : ['packets'];
    const status = packets.length === 0 ? 'no' : 'limited';
    return { tls: names, status, seen: packets, reason: 'eBPF is off, see above', action: '' };
  }
  const seen = ['calls'];
  const done = (reason = '', action = ''): Coverage => ({
    tls: names,
    status: reason === '' ? 'ok' : 'limited',
    seen,
    reason,
    action,
  });
  if (facts.denied) {
    return feature('processes').status === 'ok'
      ? done('not even root may look at its files: it protects itself')
      : done('its files are not ours to look at: no TLS, and its name is a guess', 'grant CAP_SYS_PTRACE');
  }
  const probes = feature(language === 'Go' ? 'go' : 'tls');
  if (tls.length > 0 && probes.status === 'no') return done(`${probes.title} is off, see above`);
  if (tls.some(({ covered }) => covered)) seen.push('TLS');
  return done(tls.flatMap(({ reason }) => (reason === '' ? [] : [reason])).join('; '));
}

/** Which network sockets a process has. A table is read once for each network namespace. */
function createNetwork(proc: string) {
  const tables = new Map<number, Map<number, HostSocket>>();

  function tableOf({ pid, netNamespace = 0 }: ProcessFacts): Map<number, HostSocket> {
    const known = tables.get(netNamespace);
    if (known !== undefined) return known;
    const table = new Map(readSockets(pid, proc).map((socket) => [socket.inode, socket]));
    tables.set(netNamespace, table);
    return table;
  }

  return {
    of(facts: ProcessFacts): { ports: number[]; connections: number; hidden: boolean } {
      const inodes = socketsOf(facts.pid, proc);
      if (inodes.length === 0) return { ports: [], connections: 0, hidden: facts.denied };
      const table = tableOf(facts);
      const sockets = inodes.flatMap((inode) => table.get(inode) ?? []);
      const listening = sockets.filter(({ state, transport }) => state === 'listening' && transport === 'tcp');
      const ports = [...new Set(listening.map(({ localPort }) => localPort))].sort((a, b) => a - b);
      return { ports, connections: sockets.length - listening.length, hidden: false };
    },
  };
}
