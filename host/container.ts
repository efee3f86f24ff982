/** Tells from the cgroup of a process, or else from its mounts, in which container and Kubernetes pod it runs. */
import type { Cgroup } from './processes.ts';

export interface Container {
  /** `container.id` */
  id: string | undefined;
  /** `container.runtime.name`, where the path tells. */
  runtime: string | undefined;
  /** `k8s.pod.uid` */
  podUid: string | undefined;
  /** `k8s.container.name`, where a mount tells. */
  containerName: string | undefined;
}

/**
 * A process in a cgroup namespace of its own shows `/` as its path to those inside; then its mounts are asked for.
 */
export function findContainer(cgroups: Cgroup[], fromMounts: () => Container | undefined): Container | undefined {
  let best: Container | undefined;
  for (const { path } of cgroups) {
    const found = fromCgroup(path);
    if (found?.id !== undefined) return found;
    best ??= found;
  }
  if (best !== undefined || !cgroups.every(({ path }) => path === '/' || path === '')) return best;
  return fromMounts();
}

/** Where a path ends at a systemd unit: its name; not the scopes that container runtimes make. */
export function findUnit(cgroups: Cgroup[]): string | undefined {
  // systemd's own hierarchy first: with version 1 the others may not follow it.
  const ordered = [...cgroups].sort((a, b) => rank(a) - rank(b));
  for (const { path } of ordered) {
    const segments = path.split('/');
    // Units above a container are those of its runtime.
    const inside = segments.findLastIndex((segment) => idOf(segment) !== undefined) + 1;
    const unit = segments.slice(inside).findLast((segment) => segment.endsWith('.service'));
    if (unit !== undefined) return unescapeUnit(unit);
  }
  return undefined;
}

function rank({ controllers }: Cgroup): number {
  return controllers === 'name=systemd' ? 0 : controllers === '' ? 1 : 2;
}

/** systemd writes bytes that have a meaning in paths as `\x2d`. */
function unescapeUnit(unit: string): string {
  return unit.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/**
 * Layouts, innermost container last:
 *
 * ```
 * docker          /docker/ID   /system.slice/docker-ID.scope
 * kubelet         /kubepods/burstable/podUID/ID   /kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podUID.slice/RUNTIME-ID.scope
 * containerd      /system.slice/containerd.service/kubepods-burstable-podUID.slice:cri-containerd:ID
 * podman          /machine.slice/libpod-ID.scope/container   /libpod_parent/libpod-ID
 * ecs, fargate    /ecs/TASK/ID   /ecs/TASK/TASK-NUMBER
 * lxc             /lxc/NAME   /lxc.payload.NAME
 * ```
 */
function fromCgroup(path: string): Container | undefined {
  const segments = path.split('/');
  let found: Container | undefined;
  let podUid: string | undefined;
  let runtime: string | undefined;
  for (let at = 0; at < segments.length; at++) {
    const segment = segments[at]!;
    podUid = podOf(segment) ?? podUid;
    runtime = folders[segment] ?? runtime;
    const lxc = segments[at - 1] === 'lxc' ? segment : /^lxc\.payload\.(.+)$/.exec(segment)?.[1];
    const id = lxc ?? idOf(segment);
    if (id === undefined || id === '') continue;
    const named = lxc === undefined ? runtimeOf(segment) : 'lxc';
    found = { id, runtime: named ?? runtime, podUid, containerName: undefined };
  }
  if (found === undefined && podUid !== undefined) {
    return { id: undefined, runtime: undefined, podUid, containerName: undefined };
  }
  return found;
}

/** Folders of runtimes that do not put their name before the id. */
const folders: Record<string, string> = { docker: 'docker' };

/** What runtimes put before the id, then what OpenTelemetry calls them. */
const prefixes: [prefix: string, runtime: string][] = [
  ['cri-containerd', 'containerd'],
  ['containerd', 'containerd'],
  ['nerdctl', 'containerd'],
  ['crio', 'cri-o'],
  ['libpod', 'podman'],
  ['docker', 'docker'],
];

function runtimeOf(segment: string): string | undefined {
  for (const [prefix, runtime] of prefixes) {
    if (segment.startsWith(`${prefix}-`) || segment.includes(`:${prefix}:`)) return runtime;
  }
  return undefined;
}

/** 64 hexadecimal digits, or Fargate's task and number; a runtime's monitor (conmon) is beside the container, not in it. */
function idOf(segment: string): string | undefined {
  if (segment.includes('conmon-')) return undefined;
  return /(?:^|[-:])([0-9a-f]{64}|[0-9a-f]{32}-\d{8,12})(?:\.scope)?$/.exec(segment)?.[1];
}

/** A pod's uid is a UUID (with `_` in systemd's names), or the hash of a static pod's file. */
function podOf(segment: string): string | undefined {
  const uid = /(?:^|-)pod([0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}|[0-9a-f]{32})(?:\.slice.*)?$/.exec(segment);
  return uid?.[1]?.replaceAll('_', '-');
}

/**
 * What /proc/PID/mountinfo tells. Fields of a line are `id parent major:minor root mount-point …` (proc(5)). Runtimes mount files of the container's own
 * folder into it: Docker and Podman /etc/hostname, the kubelet /dev/termination-log and /etc/hosts.
 */
export function parseMounts(mountinfo: string): Container | undefined {
  let id: string | undefined;
  let runtime: string | undefined;
  let podUid: string | undefined;
  let containerName: string | undefined;
  for (const line of mountinfo.split('\n')) {
    const root = line.split(' ', 4)[3];
    if (root === undefined) continue;
    const own = /\/(overlay-)?containers\/([0-9a-f]{64})\//.exec(root);
    if (own !== null) {
      id ??= own[2];
      runtime ??= own[1] === undefined ? 'docker' : 'podman';
    }
    const pod = /\/pods\/([0-9a-f-]{32,36})\/(?:containers\/([^/]+)\/|etc-hosts)/.exec(root);
    if (pod !== null) {
      podUid ??= pod[1];
      containerName ??= pod[2];
    }
  }
  if (id === undefined && podUid === undefined) return undefined;
  return { id, runtime, podUid, containerName };
}
