/** The native part: its functions with their types, loaded when first asked for. */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/** A ring as the native part knows it. */
export type RingHandle = { readonly brand: unique symbol };

export interface OpenedRing {
  handle: RingHandle;
  /** The kernel's own pages; of length 0 once the ring is closed. */
  pages: ArrayBuffer;
  /** Number of the interface, and its ARPHRD_ link type. */
  index: number;
  link: number;
}

export interface RingPlan {
  interface: string;
  /** File of a network namespace; the thread's own without it. */
  namespace?: string | undefined;
  blockSize: number;
  blocks: number;
  /** A block that is not full is handed over after this time. */
  retireMs: number;
  /** Rings of one process and interface with the same number share its packets, each flow in one of them. */
  fanoutGroup?: number | undefined;
  promiscuous: boolean;
  /** On loopback each packet passes twice; this leaves one. */
  ignoreOutgoing: boolean;
}

/** Throws errors with `code`: of errno (`EPERM`), or `NO_LIBPCAP`, `BAD_FILTER`. */
export interface Addon {
  /** `onReadable` is called when a block is ready. Nothing is received before the filter is in place. */
  openRing(plan: RingPlan, filter: Uint8Array, onReadable: () => void): OpenedRing;
  closeRing(handle: RingHandle): void;
  /** Writes packets, drops and freezes since the last call. */
  readStatistics(handle: RingHandle, numbers: Uint32Array): void;
  /** A classic BPF program of tcpdump's language. */
  compileFilter(filter: { text: string; linkType: number; snapLength: number }): Uint8Array;
  /** `[index, name, index, name, …]` */
  listInterfaces(where: { namespace?: string | undefined }): (string | number)[];
  /** Writes `local port << 16 | remote port` of every connected or listening socket (its remote port is 0) of this process; gives their number. */
  readConnections(pairs: Uint32Array): number;
}

/** Built by `scripts/setup/packet-ring.mjs`. */
export const addonPath = fileURLToPath(new URL('./build/packet-ring.node', import.meta.url));

let loaded: Addon | undefined;

/** Throws an Error that says what to do when the addon was not built, or not for this machine. */
export function loadAddon(): Addon {
  try {
    loaded ??= createRequire(import.meta.url)(addonPath) as Addon;
    return loaded;
  } catch (error) {
    throw new Error(
      `the native part of packet capture cannot be loaded (${(error as Error).message.split('\n')[0]}); install gcc and run \`npm start\` once, which builds it`,
      { cause: error },
    );
  }
}
