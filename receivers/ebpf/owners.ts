/** The processes that own what is observed, as resources of spans and records. */
import type { ProcessResource } from '../../flow/l7/evidence.ts';
import { AttributeWriter, attributeKey } from '../../flow/otlp/attribute-writer.ts';
import type { ProcessIdentity } from '../../host/identity.ts';
import type { IdentityCache, ToldOfExec } from '../../host/identity-cache.ts';

const hostKey = attributeKey('host.name');
const serviceKey = attributeKey('service.name');
const pidKey = attributeKey('process.pid');
/** `unknown_service` is what OpenTelemetry calls a service without a name. */
const unknownService = 'unknown_service';
const maxOwners = 65_536;

export interface OwnersOptions {
  identities: IdentityCache;
  hostName: string;
  /**
   * Hears of each process when it is first seen, and again after each exec; what the kernel said then of its cgroup. False when nothing is
   * to be told of it.
   */
  onProcess(identity: ProcessIdentity, isOutside?: boolean): boolean;
}

/** A process as it is between two execs. */
export interface Owner extends ProcessResource {
  /** Something else is known of this pid by now: who keeps it asks again. */
  isOver: boolean;
  /** False: left out by the options. Events of it that the kernel told before it knew are not told on. */
  readonly isWanted: boolean;
  /** False: a thread of the kernel, as `kworker/u8:3`. It may own what a process left behind; that it begins and ends says nothing. */
  readonly isProcess: boolean;
}

export class Owners {
  readonly #options: OwnersOptions;
  /** By pid; asked for each connection and whenever another process uses one. */
  readonly #owners = new Map<number, Owner>();
  /** Of these only the path is known: they are looked at when they do something. */
  readonly #guessed = new Set<number>();

  constructor(options: OwnersOptions) {
    this.#options = options;
  }

  /** The process that had this pid at that (monotonic) time. */
  of(pid: number, timeNs?: number): Owner {
    const known = this.#owners.get(pid);
    if (known !== undefined && !this.#guessed.delete(pid)) return known;
    const identity = this.#options.identities.identify(pid, timeNs);
    if (identity === undefined) return this.#unknown(pid);
    return this.#keep(pid, this.#resource(identity, this.#options.onProcess(identity)));
  }

  /** The same without looking at the process, for one that is over; undefined for one that only was forked, did nothing and ended. */
  lastKnown(pid: number): Owner | undefined {
    return this.#owners.get(pid);
  }

  /** The process runs another program now; what it is, as far as that could be read at this moment. */
  exec(pid: number, timeNs: number, told: ToldOfExec, cgroup: number, isOutside: boolean): Owner {
    const identity = this.#options.identities.onExec(pid, timeNs, told, String(cgroup));
    if (this.#guessed.size >= maxOwners) this.#guessed.clear();
    if (identity.isGuess) this.#guessed.add(pid);
    else this.#guessed.delete(pid);
    return this.#keep(pid, this.#resource(identity, this.#options.onProcess(identity, isOutside)));
  }

  /** The pid has a new owner, which does what `parent` does until it executes something. */
  fork(parent: number, pid: number, timeNs: number): void {
    this.#options.identities.onFork(parent, pid, timeNs);
    this.#forget(pid);
  }

  exit(pid: number, timeNs: number): void {
    this.#options.identities.onExit(pid, timeNs);
    this.#forget(pid);
  }

  #forget(pid: number): void {
    const owner = this.#owners.get(pid);
    if (owner === undefined) return;
    owner.isOver = true;
    this.#owners.delete(pid);
    this.#guessed.delete(pid);
  }

  #keep(pid: number, owner: Owner): Owner {
    const before = this.#owners.get(pid);
    if (before !== undefined) before.isOver = true;
    this.#owners.delete(pid);
    if (this.#owners.size >= maxOwners) this.#owners.delete(this.#owners.keys().next().value!);
    this.#owners.set(pid, owner);
    return owner;
  }

  #resource({ key, service, attributes, facts }: ProcessIdentity, isWanted: boolean): Owner {
    const { hostName } = this.#options;
    let encoded: Uint8Array | undefined;
    return {
      key,
      serviceName: service.name,
      isOver: false,
      isWanted,
      isProcess: !facts.isKernelThread,
      // Asked for with each message that has something of the process.
      resource() {
        if (encoded !== undefined) return encoded;
        const writer = new AttributeWriter(1);
        for (const [name, value] of attributes) {
          const attribute = attributeKey(name);
          if (typeof value === 'string') writer.text(attribute, value);
          else if (typeof value === 'number') writer.int(attribute, value);
          else writer.texts(attribute, value);
        }
        writer.text(hostKey, hostName);
        encoded = writer.out.take();
        return encoded;
      },
    };
  }

  /** Not kept: it may only have been too early. */
  #unknown(pid: number): Owner {
    const { hostName } = this.#options;
    return {
      key: `pid ${pid}`,
      serviceName: unknownService,
      isOver: false,
      isWanted: true,
      isProcess: true,
      resource() {
        const writer = new AttributeWriter(1);
        writer.text(serviceKey, unknownService);
        writer.int(pidKey, pid);
        writer.text(hostKey, hostName);
        return writer.out.take();
      },
    };
  }
}
