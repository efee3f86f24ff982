/** Live capture: a ring on each interface that fits, opened and closed as interfaces come and go. */
import { networkInterfaces } from 'node:os';
import { listInterfaces, listNamespaces } from '../../bpf/packet-ring/interfaces.ts';
import { openPacketRing, type PacketRing } from '../../bpf/packet-ring/ring.ts';
import type { FromThread } from '../../component/capture/messages.ts';
import type { CapturePoint } from '../../flow/l4/options.ts';
import type { Config } from './config.ts';
import { explain } from './explain.ts';
import type { ThreadSetup } from './messages.ts';
import type { OwnConnections } from './own-connections.ts';
import type { PacketPath } from './path.ts';

/** Longest time in one go, so that messages to the thread are heard under any load. */
const turnMs = 20;
const checkEvery = 1024;
/** Without packets time goes on at this pace; with them they tell the time. */
const idleMs = 250;

export interface Live {
  stop(): void;
}

interface Source {
  ring: PacketRing;
  /** In the network namespace that this process is in. */
  isOwnPlace: boolean;
  point: number;
  name: string;
}

export interface LiveOptions {
  setup: ThreadSetup;
  interfaces: RegExp;
  epochSeconds: number;
  path: PacketPath;
  own: OwnConnections | undefined;
  post(message: FromThread): void;
  /** Something may be finished: take it away. */
  onProgress(): void;
}

export function startLive({ setup, interfaces, epochSeconds, path, own, post, onProgress }: LiveOptions): Live {
  const { config, worker } = setup;
  const sources = new Map<string, Source>();
  /** Interfaces that could not be opened and were complained about; they are tried again in silence. */
  const refused = new Map<string, string>();
  const pointNumbers = new Map<string, number>();
  let ringBytes = 0;
  let scheduled: NodeJS.Immediate | undefined;
  let healthy: boolean | undefined;

  function rescan(): void {
    const seen = new Set<string>();
    const errors: string[] = [];
    for (const namespace of namespaces(config)) {
      const prefix = namespace.name === '' ? '' : `${namespace.name}/`;
      try {
        for (const { name, index } of listInterfaces(interfaces, namespace.path)) {
          const key = `${namespace.inode} ${index} ${name}`;
          seen.add(key);
          if (!sources.has(key)) open(key, name, prefix + name, namespace.path, errors);
        }
      } catch (error) {
        complain(`namespace ${namespace.inode}`, prefix, error, errors);
      }
    }
    for (const [key, source] of sources) {
      if (!seen.has(key)) close(key, source);
    }
    if (seen.size === 0 && errors.length === 0) complain('', interfaces.source, new Error(noneFits()), errors);
    else refused.delete('');
    report(errors);
  }

  /** New interfaces may come, so that this is no mistake yet. */
  function noneFits(): string {
    const names = namespaces(config).flatMap(({ path: place }) => listInterfaces(/^/, place).map(({ name }) => name));
    return `no interface is called as the option interfaces says (${interfaces.source}); there are: ${names.join(', ')}`;
  }

  function open(key: string, name: string, fullName: string, namespace: string | undefined, errors: string[]): void {
    const { block_size, blocks, retire, max_memory } = config.ring;
    if (ringBytes + block_size * blocks > max_memory) {
      complain(key, fullName, new Error(`ring::max_memory is used up by ${sources.size} other interfaces`), errors);
      return;
    }
    try {
      const ring = openPacketRing(
        {
          interface: name,
          namespace,
          blockSize: block_size,
          blocks,
          retireMs: retire,
          // Rings of all workers on one interface share a number; the kernel keeps numbers per namespace.
          fanoutGroup:
            config.fanout && worker.count > 1 ? (process.pid + Number(key.split(' ')[1]) * 251) & 0xffff : undefined,
          promiscuous: config.promiscuous,
          ignoreOutgoing: name === 'lo',
          filter: config.filter,
          snapLength: config.snaplen,
          epochSeconds,
        },
        schedule,
      );
      refused.delete(key);
      ringBytes += ring.sizeBytes;
      sources.set(key, {
        ring,
        isOwnPlace: namespace === undefined,
        point: pointOf(fullName, name === 'lo'),
        name: fullName,
      });
      post({ type: 'log', level: 'info', message: 'Capturing packets', fields: { interface: fullName } });
    } catch (error) {
      complain(key, fullName, error, errors);
    }
  }

  function complain(key: string, name: string, error: unknown, errors: string[]): void {
    const message = explain(error);
    errors.push(message);
    if (refused.get(key) === message) return;
    // One line says it for all interfaces.
    const known = [...refused.values()].includes(message);
    refused.set(key, message);
    if (!known)
      post({
        type: 'log',
        level: 'error',
        message: 'Packets cannot be captured',
        fields: { interface: name, error: message },
      });
  }

  /** Healthy with every ring open; otherwise what is wrong, once each time it changes. */
  function report(errors: string[]): void {
    const now = errors.length === 0;
    if (now === healthy) return;
    healthy = now;
    if (now) post({ type: 'status', status: 'ok' });
    else
      post({ type: 'status', status: sources.size > 0 ? 'recoverable_error' : 'permanent_error', message: errors[0]! });
  }

  function pointOf(name: string, loopback: boolean): number {
    const known = pointNumbers.get(name);
    if (known !== undefined) return known;
    const number = path.points.push({ interfaceName: name, ...placeOf(name, loopback) }) - 1;
    pointNumbers.set(name, number);
    return number;
  }

  /** Interfaces of other namespaces have addresses that this one does not know. */
  function placeOf(name: string, loopback: boolean): Omit<CapturePoint, 'interfaceName'> {
    if (config.observation_point !== '') return { observationPoint: config.observation_point };
    if (loopback) return { observationPoint: 'local' };
    const addresses = networkInterfaces();
    if (addresses[name] === undefined) return { observationPoint: 'rest' };
    const own = Object.values(addresses).flatMap((list) => (list ?? []).map(({ address }) => address));
    return { observationPoint: 'rest', hostAddresses: new Set(own) };
  }

  function close(key: string, { ring, name }: Source): void {
    count(ring);
    ringBytes -= ring.sizeBytes;
    ring.close();
    sources.delete(key);
    post({ type: 'log', level: 'info', message: 'The interface is gone', fields: { interface: name } });
  }

  function count(ring: PacketRing): void {
    const { drops, freezes } = ring.statistics();
    path.counts.kernel_drops += drops;
    path.counts.ring_freezes += freezes;
  }

  function schedule(): void {
    scheduled ??= setImmediate(turn);
  }

  function turn(): void {
    scheduled = undefined;
    own?.refresh();
    const endMs = performance.now() + turnMs;
    let again = false;
    for (const { ring, point, isOwnPlace } of sources.values()) {
      path.packet.point = point;
      path.ownPlace = isOwnPlace;
      if (!readRing(ring, endMs)) again = true;
    }
    onProgress();
    if (again) schedule();
  }

  /** False when time was up before the ring was empty. */
  function readRing(ring: PacketRing, endMs: number): boolean {
    const { packet } = path;
    const { linkType } = ring;
    for (let left = checkEvery; ring.next(packet); ) {
      packet.frame++;
      if (path.take(linkType)) onProgress();
      if (--left > 0) continue;
      if (performance.now() > endMs) return false;
      left = checkEvery;
    }
    return true;
  }

  function idle(): void {
    path.tick((Date.now() - epochSeconds * 1000) * 1e6);
    for (const { ring } of sources.values()) count(ring);
    onProgress();
  }

  rescan();
  const timers = [setInterval(rescan, config.rescan_interval), setInterval(idle, idleMs)];
  return {
    stop() {
      for (const timer of timers) clearInterval(timer);
      if (scheduled) clearImmediate(scheduled);
      turn();
      if (scheduled) clearImmediate(scheduled);
      for (const [key, source] of sources) {
        count(source.ring);
        source.ring.close();
        sources.delete(key);
      }
    },
  };
}

function namespaces(config: Config) {
  return listNamespaces(config.network_namespaces);
}
