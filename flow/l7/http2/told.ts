/** Header fields that an observer inside a process told in the clear, kept until the block that has them is read. */
import type { HeaderNames } from '../http/header-names.ts';
import type { Side } from '../message.ts';
import type { FieldSink } from './hpack.ts';

/** Blocks that wait; their bytes come within milliseconds or were lost. */
const maxBlocks = 256;
const maxFields = 128;

export class ToldFields {
  readonly #names: HeaderNames;
  /** By stream and side; names as places in the table of names. */
  readonly #blocks = new Map<number, [kind: number, value: string][]>();

  constructor(names: HeaderNames) {
    this.#names = names;
  }

  add(side: Side, stream: number, name: string, value: string): void {
    const kind = this.#names.table.findText(name.toLowerCase());
    if (kind < 0) return;
    const key = stream * 2 + side;
    let block = this.#blocks.get(key);
    if (block === undefined) {
      if (this.#blocks.size >= maxBlocks) this.#blocks.delete(this.#blocks.keys().next().value!);
      block = [];
      this.#blocks.set(key, block);
    }
    if (block.length < maxFields) block.push([kind, value]);
  }

  /** Gives what was told of a block to whoever could not read all of it. False when nothing was. */
  take(side: Side, stream: number, sink: FieldSink | null): boolean {
    if (this.#blocks.size === 0) return false;
    const key = stream * 2 + side;
    const block = this.#blocks.get(key);
    if (block === undefined) return false;
    this.#blocks.delete(key);
    if (sink !== null) for (const [kind, value] of block) sink.field(kind, value);
    return true;
  }
}
