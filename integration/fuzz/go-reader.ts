/** The Go Collector's OTLP library as a third reader: builds and talks to go-reader/main.go. */
import { type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import type { Signal } from '../../pdata/batch.ts';

export interface GoQuestion {
  encoding: 'protobuf' | 'json';
  signal: Signal;
  message: Uint8Array;
}

/** What Go made of a message, or why it refuses it. */
export type GoAnswer =
  | { kind: 'accepted'; protobuf: Uint8Array; json: Uint8Array }
  | { kind: 'refused'; message: string };

export class GoReader {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  /** Builds the program into the cache folder, which needs Go and, the first time, the module proxy. */
  constructor() {
    const program = join(import.meta.dirname, '../../.cache/fuzz-go-reader');
    execFileSync('go', ['build', '-o', program, '.'], {
      cwd: join(import.meta.dirname, 'go-reader'),
      stdio: 'inherit',
    });
    this.#child = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#chunks = this.#child.stdout[Symbol.asyncIterator]();
  }

  /** Asks about many messages at once; answers come in the same order. */
  async ask(questions: readonly GoQuestion[]): Promise<GoAnswer[]> {
    const parts: Uint8Array[] = [];
    for (const { encoding, signal, message } of questions) {
      const header = Buffer.alloc(6);
      header.write(encoding[0]! + signal[0]!);
      header.writeUInt32LE(message.length, 2);
      parts.push(header, message);
    }
    this.#child.stdin.write(Buffer.concat(parts));
    const answers: GoAnswer[] = [];
    while (answers.length < questions.length) answers.push(await this.#answer());
    return answers;
  }

  close(): void {
    this.#child.stdin.end();
  }

  async #answer(): Promise<GoAnswer> {
    const accepted = (await this.#take(1))[0] === 1;
    const first = await this.#part();
    const json = await this.#part();
    return accepted ? { kind: 'accepted', protobuf: first, json } : { kind: 'refused', message: first.toString() };
  }

  async #part(): Promise<Buffer> {
    return this.#take((await this.#take(4)).readUInt32LE(0));
  }

  async #take(length: number): Promise<Buffer> {
    const chunks = [this.#rest];
    for (let have = this.#rest.length; have < length; ) {
      const { value, done } = await this.#chunks.next();
      if (done) throw new Error('the Go reader has ended; its reason is above');
      chunks.push(value);
      have += value.length;
    }
    const all = Buffer.concat(chunks);
    this.#rest = all.subarray(length);
    return all.subarray(0, length);
  }
}
