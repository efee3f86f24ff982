/** A program at work: the link between it and the place it runs at. */
import { readSync } from 'node:fs';
import { attempt, loadAddon } from './addon.ts';
import { BpfError } from './error.ts';
import { type LinkType, linkTypes, nameOf } from './names.ts';

export interface LinkInfo {
  /** Number of the link in the kernel, as `bpftool link` lists it. */
  id: number;
  type: LinkType;
  programId: number;
}

/** Nothing is pinned: the link is gone when it is detached, when its thread ends, or when the process dies. */
export class BpfLink {
  readonly #fd: number;
  readonly #others: number[];
  #attached = true;

  /** `others`: descriptors that live as long as the link. */
  constructor(fd: number, others: number[] = []) {
    this.#fd = fd;
    this.#others = others.filter((other) => other !== fd);
  }

  /** Throws a BpfError (`EBADF`) once detached. */
  get fd(): number {
    if (!this.#attached) throw new BpfError('EBADF', 'using a link', 'it was detached');
    return this.#fd;
  }

  /** Throws a BpfError: `EINVAL` for perf events on kernels before 5.15, which know no link for them. */
  info(): LinkInfo {
    const numbers = new Float64Array(3);
    const fd = this.fd;
    attempt('info of a link', (addon) => addon.linkInfo(fd, numbers));
    return { id: numbers[0]!, type: nameOf(linkTypes, numbers[1]!), programId: numbers[2]! };
  }

  /**
   * Of an iterator (iter/NAME): runs the program over all that it walks, and gives what it wrote. `buffer` is room for what is
   * read at once; more is read as often as needed. Throws a BpfError: what the kernel says, EINVAL for links of other kinds.
   */
  read(buffer: Uint8Array = new Uint8Array(64 * 1024)): Uint8Array {
    const operation = 'reading an iterator';
    const link = this.fd;
    const fd = attempt(operation, (addon) => addon.openIterator(link));
    try {
      const parts: Uint8Array[] = [];
      for (let size = readSync(fd, buffer); size > 0; size = readSync(fd, buffer)) parts.push(buffer.slice(0, size));
      return Buffer.concat(parts);
    } catch (error) {
      const { code = 'EIO', message } = error as NodeJS.ErrnoException;
      throw new BpfError(code, operation, message, { cause: error });
    } finally {
      loadAddon().closeFd(fd);
    }
  }

  /** The program no longer runs there; a second call does nothing. */
  detach(): void {
    if (!this.#attached) return;
    this.#attached = false;
    for (const fd of [this.#fd, ...this.#others]) loadAddon().closeFd(fd);
  }

  [Symbol.dispose](): void {
    this.detach();
  }
}
