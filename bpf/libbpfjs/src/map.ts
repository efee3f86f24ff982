/** A map: memory that programs and user space share, by key. */
import { attempt, type Bytes, loadAddon } from './addon.ts';
import { type MapType, mapTypes, nameOf } from './names.ts';

/** `absent`: only when the key is not there yet; `present`: only when it is. */
export type UpdateMode = 'any' | 'absent' | 'present';

/** BPF_ANY, BPF_NOEXIST, BPF_EXIST. */
const flags = { any: 0, absent: 1, present: 2 } as const;

const perCpuTypes: MapType[] = ['percpu_hash', 'percpu_array', 'lru_percpu_hash', 'percpu_cgroup_storage'];

export interface MapShape {
  name: string;
  type: MapType;
  /** In bytes. */
  keySize: number;
  valueSize: number;
  /** Entries; of a ring buffer, bytes. */
  maxEntries: number;
}

/** Keys and values are bytes as the programs see them, in any typed array: `map.lookup(new Uint32Array([7]))`. */
export class BpfMap {
  readonly name: string;
  readonly type: MapType;
  readonly keySize: number;
  /** In a per-CPU map, of one CPU's value. */
  readonly valueSize: number;
  readonly maxEntries: number;
  /** Bytes that a lookup gives: per-CPU maps have a value for each CPU, each rounded up to 8 bytes. */
  readonly lookupSize: number;
  readonly #fd: () => number;

  constructor(shape: MapShape, fd: () => number) {
    this.name = shape.name;
    this.type = shape.type;
    this.keySize = shape.keySize;
    this.valueSize = shape.valueSize;
    this.maxEntries = shape.maxEntries;
    this.#fd = fd;
    const perCpu = perCpuTypes.includes(shape.type);
    this.lookupSize = perCpu ? roundUp(shape.valueSize) * loadAddon().possibleCpus() : shape.valueSize;
  }

  /** Belongs to the object. Throws a BpfError (`EBADF`) before load and after close. */
  get fd(): number {
    return this.#fd();
  }

  /** The value of a key, written to `into` (at least `lookupSize` bytes) or new memory; undefined when there is none. */
  lookup(key: Bytes, into: Uint8Array = new Uint8Array(this.lookupSize)): Uint8Array | undefined {
    const fd = this.fd;
    const found = attempt(this.#operation('looking up'), (addon) =>
      addon.mapLookup(fd, this.keySize, this.lookupSize, key, into),
    );
    return found ? into : undefined;
  }

  /** One value per CPU of a per-CPU map, each of `valueSize` bytes. */
  lookupPerCpu(key: Bytes): Uint8Array[] | undefined {
    const all = this.lookup(key);
    if (all === undefined) return undefined;
    const values: Uint8Array[] = [];
    for (let at = 0; at < all.length; at += roundUp(this.valueSize)) values.push(all.subarray(at, at + this.valueSize));
    return values;
  }

  /** False when the mode forbade it. Throws a BpfError (`E2BIG`) when the map is full. A per-CPU map wants `lookupSize` bytes. */
  update(key: Bytes, value: Bytes, mode: UpdateMode = 'any'): boolean {
    const fd = this.fd;
    return attempt(this.#operation('updating'), (addon) =>
      addon.mapUpdate(fd, this.keySize, this.lookupSize, key, value, flags[mode]),
    );
  }

  /** False when there was no such key. */
  delete(key: Bytes): boolean {
    const fd = this.fd;
    return attempt(this.#operation('deleting from'), (addon) => addon.mapDelete(fd, this.keySize, 0, key));
  }

  /** Its keys, at most `limit`; keys that come and go meanwhile may be missing or twice. */
  keys(limit: number = this.maxEntries): Uint8Array[] {
    const fd = this.fd;
    const into = new Uint8Array(this.keySize * limit);
    const count = attempt(this.#operation('listing keys of'), (addon) => addon.mapKeys(fd, this.keySize, into));
    const keys: Uint8Array[] = [];
    for (let i = 0; i < count; i++) keys.push(into.subarray(i * this.keySize, (i + 1) * this.keySize));
    return keys;
  }

  #operation(verb: string): string {
    return `${verb} map ${this.name}`;
  }
}

export interface MapPlan extends Omit<MapShape, 'type'> {
  type: (typeof mapTypes)[number];
  /** BPF_F_* of linux/bpf.h. */
  flags?: number;
}

/** Creates a map that belongs to no object, for objects to reuse. It lives until `close`. Throws a BpfError. */
export function createMap(plan: MapPlan): BpfMap & { close(): void } {
  const type = mapTypes.indexOf(plan.type);
  const fd = attempt(`creating map ${plan.name}`, (addon) =>
    addon.createMap(type, plan.name, plan.keySize, plan.valueSize, plan.maxEntries, plan.flags ?? 0),
  );
  const map = new BpfMap({ ...plan, type: nameOf(mapTypes, type) }, () => fd);
  return Object.assign(map, { close: () => void loadAddon().closeFd(fd) });
}

function roundUp(size: number): number {
  return (size + 7) & ~7;
}
