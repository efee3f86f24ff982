/** A program that was loaded: joining it to where it runs, and what the kernel counts of it. */

import { attempt, type ProgramDescription } from './addon.ts';
import { type AttachTarget, attachTo } from './attach.ts';
import type { BpfLink } from './link.ts';
import { nameOf, type ProgramType, programTypes } from './names.ts';

export interface ProgramInfo {
  /** Number of the program in the kernel, as `bpftool prog` lists it. */
  id: number;
  /** Time and number of runs while statistics are on (`enableRunTimeStats`). */
  runTimeNs: number;
  runCount: number;
  /** Instructions the verifier walked through; the limit is a million. */
  verifiedInstructions: number;
  /** Bytes of machine code; 0 when the kernel interprets. */
  jitedBytes: number;
}

export interface TestRun {
  /** A packet, for programs that take one. */
  data?: Uint8Array;
  context?: Uint8Array;
  /** Runs in a row; only for programs that take a packet. */
  repeat?: number;
}

export class BpfProgram {
  readonly name: string;
  readonly type: ProgramType;
  /** As in SEC("…"). */
  readonly section: string;
  readonly #path: string;
  readonly #description: ProgramDescription;
  readonly #fd: () => number;
  readonly #log: () => string;

  constructor(path: string, description: ProgramDescription, fd: () => number, log: () => string) {
    this.name = description.name;
    this.type = nameOf(programTypes, description.type);
    this.section = description.section;
    this.#path = path;
    this.#description = description;
    this.#fd = fd;
    this.#log = log;
  }

  /** Belongs to the object. Throws a BpfError (`EBADF`) before load and after close. */
  get fd(): number {
    return this.#fd();
  }

  /** Lets it run at a place until the link is detached. Throws a BpfError that names program and place. */
  attach(target: AttachTarget): BpfLink {
    return attachTo(this.#description, this.fd, target);
  }

  info(): ProgramInfo {
    const numbers = new Float64Array(5);
    const fd = this.fd;
    attempt(`${this.#path}: info of program ${this.name}`, (addon) => addon.programInfo(fd, numbers));
    const [id = 0, runTimeNs = 0, runCount = 0, verifiedInstructions = 0, jitedBytes = 0] = numbers;
    return { id, runTimeNs, runCount, verifiedInstructions, jitedBytes };
  }

  /** The verifier's log of a load that succeeded; empty unless the object was opened with `verifierLog`. */
  log(): string {
    return this.#log();
  }

  /** Runs it now, in this process, on given input; not every type can (`ENOTSUPP`), and a signal may end a row of runs (`EINTR`). */
  testRun({ data, context, repeat = 0 }: TestRun = {}): { returned: number; durationNs: number } {
    const numbers = new Float64Array(2);
    const fd = this.fd;
    attempt(`${this.#path}: running program ${this.name}`, (addon) =>
      addon.runProgram(fd, data, context, repeat, numbers),
    );
    return { returned: numbers[0]!, durationNs: numbers[1]! };
  }
}

/**
 * Makes the kernel count runs and their time for all programs, until `close` is called or the process ends. Costs each run
 * two readings of the clock. Throws a BpfError (`EPERM`).
 */
export function enableRunTimeStats(): { close(): void } {
  const fd = attempt('switching run time statistics on', (addon) => addon.enableStats());
  return { close: () => attempt('switching run time statistics off', (addon) => void addon.closeFd(fd)) };
}
