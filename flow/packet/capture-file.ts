/** Capture files: pcap and pcapng, plain or packed with gzip or zstd, read in large blocks with one set of fields for all packets. */
import { type ByteInput, openInput } from './capture-file-input.ts';
import { PcapReader } from './capture-file-pcap.ts';
import { PcapngReader } from './capture-file-pcapng.ts';
import { ByteWindow, CaptureFileError, type RecordReader } from './capture-file-window.ts';
import { type CaptureClock, createCaptureClock } from './clock.ts';
import { Packet } from './packet.ts';

export interface CaptureFileOptions {
  /** Times are counted from its epoch; without one, from the second of the first packet. */
  clock?: CaptureClock;
  /** Bytes held at once; a test makes it small. */
  bufferBytes?: number;
}

const defaultBufferBytes = 4 << 20;
/** Below this a record with its headers might not fit. */
const smallestBufferBytes = 4096;

/**
 * A file being read:
 *
 * ```ts
 * const file = await openCaptureFile(path);
 * while (await file.fill()) while (file.next(packet)) use(packet, file.linkType);
 * await file.close();
 * ```
 */
export class CaptureFile {
  readonly path: string;
  readonly format: 'pcap' | 'pcapng';
  readonly #input: ByteInput;
  readonly #window: ByteWindow;
  readonly #reader: RecordReader;
  #frames = 0;
  /** Opening has read the first block already. */
  #fresh = true;
  #problem: string | undefined;

  constructor(path: string, input: ByteInput, window: ByteWindow, reader: RecordReader) {
    this.path = path;
    this.format = reader.format;
    this.#input = input;
    this.#window = window;
    this.#reader = reader;
  }

  /** Packets read so far. */
  get frames(): number {
    return this.#frames;
  }

  /** LINKTYPE_ number of the packet that `next` gave last. */
  get linkType(): number {
    return this.#reader.linkType;
  }

  /** Number of the interface in its section of the file that the last packet came from; 0 in pcap. */
  get interfaceIndex(): number {
    return this.#reader.interfaceIndex;
  }

  /** Its name, as pcapng tells it; empty otherwise. */
  get interfaceName(): string {
    return this.#reader.interfaceName;
  }

  /** The clock that times count from; undefined before the first packet when none was given. */
  get clock(): CaptureClock | undefined {
    return this.#reader.clock;
  }

  /** Why reading ended before the end of the file: the file is cut, or is no capture from some place on. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Reads the next block; false at the end. What packets pointed into is overwritten. */
  async fill(): Promise<boolean> {
    if (this.#problem !== undefined) return false;
    if (this.#fresh) {
      this.#fresh = false;
      if (this.#window.rest > 0) return true;
    }
    if (this.#reader.problem !== undefined) {
      this.#problem = `${this.path}: ${this.#reader.problem}`;
      return false;
    }
    let count = 0;
    try {
      count = await this.#window.fill(this.#input);
    } catch (error) {
      this.#problem = `${this.path}: after ${this.#frames} packets: ${(error as Error).message}`;
      return false;
    }
    if (count === 0 && (this.#window.rest > 0 || this.#window.pendingSkip > 0)) {
      this.#problem = `${this.path}: the file ends in the middle of a record, after ${this.#frames} packets`;
    }
    return count > 0;
  }

  /**
   * Sets `bytes`, `start`, both lengths, `timeNs` and `frame` of the packet. False when the block is used up. The bytes may be
   * used until the next `fill`.
   */
  next(packet: Packet): boolean {
    if (!this.#reader.next(this.#window, packet)) return false;
    packet.frame = ++this.#frames;
    return true;
  }

  async close(): Promise<void> {
    await this.#input.close();
  }
}

/** Opens a file and reads its header. Rejects with a CaptureFileError when it is no capture that can be read. */
export async function openCaptureFile(path: string, options: CaptureFileOptions = {}): Promise<CaptureFile> {
  const window = new ByteWindow(Math.max(smallestBufferBytes, options.bufferBytes ?? defaultBufferBytes));
  const input = await openInput(path);
  try {
    while (window.rest < headerBytes && (await window.fill(input)) > 0);
    return new CaptureFile(path, input, window, createReader(path, window, options.clock));
  } catch (error) {
    await input.close();
    if (error instanceof CaptureFileError) throw error;
    throw new CaptureFileError(`${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

/** A clock that begins in the second of a file's first packet, for who needs one before reading; of an empty file, in 1970. */
export async function firstPacketClock(path: string): Promise<CaptureClock> {
  const file = await openCaptureFile(path, { bufferBytes: smallestBufferBytes });
  try {
    const packet = new Packet();
    while (await file.fill()) if (file.next(packet)) return file.clock!;
    return createCaptureClock(0);
  } finally {
    await file.close();
  }
}

/** The header of a pcap file; the shortest block of pcapng is longer. */
const headerBytes = 24;

function createReader(path: string, window: ByteWindow, clock: CaptureClock | undefined): RecordReader {
  if (window.rest < headerBytes) {
    throw new CaptureFileError(`${path} holds ${window.rest} bytes, less than the header of a capture file`);
  }
  const magic = window.view.getUint32(0, false);
  const littleMagic = window.view.getUint32(0, true);
  if (magic === pcapngMagic) return new PcapngReader(clock);
  for (const littleEndian of [false, true]) {
    const seen = littleEndian ? littleMagic : magic;
    if (seen === 0xa1b2c3d4) return new PcapReader(window, littleEndian, 1000, clock);
    if (seen === 0xa1b23c4d) return new PcapReader(window, littleEndian, 1, clock);
    if (seen === 0xa1b2cd34) return new PcapReader(window, littleEndian, 1000, clock, true);
    const name = modified.get(seen);
    if (name !== undefined) {
      throw new CaptureFileError(
        `${path} is a pcap file with ${name}; write it anew with \`editcap -F pcapng ${path} OUTPUT\``,
      );
    }
  }
  const hex = magic.toString(16).padStart(8, '0');
  throw new CaptureFileError(`${path} is neither pcap nor pcapng: it begins with ${hex}`);
}

const pcapngMagic = 0x0a0d0d0a;

/** Kin of pcap whose records have other headers. */
const modified = new Map([
  [0xa1b234cd, "Navtel's record headers (magic a1b234cd)"],
  [0xa1e2cb12, 'record headers of an experimental libpcap (magic a1e2cb12)'],
  [0x1c0001ac, "Ixia's hardware headers (magic 1c0001ac)"],
  [0x1c0001ab, "Ixia's software headers (magic 1c0001ab)"],
]);
