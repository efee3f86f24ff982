/** How a connection joined late encodes its commands, found out by which of all agreements make them fill their frames. */
import { CommandReader } from './reader.ts';
import { maxVersion, type WireFormat } from './wire-format.ts';

const reader = new CommandReader();

/** All that two ends may agree on, the likely first: brokers of today speak version 12, and offer everything. */
const all: readonly WireFormat[] = [true, false].flatMap((tight) =>
  [true, false].flatMap((cached) =>
    [true, false].flatMap((stackTraces) =>
      Array.from({ length: maxVersion }, (_, index) => ({ version: maxVersion - index, tight, cached, stackTraces })),
    ),
  ),
);

/** Those that make the command at `start` fill its frame; none when it is not there in full. */
function fitting(formats: readonly WireFormat[], bytes: Buffer, start: number, end: number): WireFormat[] {
  const limit = start + 4 + bytes.readUInt32BE(start);
  if (limit > end) return [];
  return formats.filter((format) => {
    reader.read(bytes, start + 4, limit, format, new Map());
    return !reader.bad && !reader.cut && reader.at === limit;
  });
}

/** Whether the command at `start` fills its frame in any encoding. */
export function fillsFrame(bytes: Buffer, start: number, end: number): boolean {
  return fitting(all, bytes, start, end).length > 0;
}

/** Commands that are looked at until what fits them all is taken for what was agreed on. */
const enoughCommands = 16;

/** Short commands fit many encodings, so each one leaves those that fit it too. */
export class FormatGuess {
  #possible = all;
  #fitting = all;
  #commands = 0;

  /** What one end offered: no more than that was agreed on. */
  offered(offer: WireFormat): void {
    const possible = all.filter(
      ({ version, tight, cached, stackTraces }) =>
        version <= offer.version &&
        (offer.tight || !tight) &&
        (offer.cached || !cached) &&
        (offer.stackTraces || !stackTraces),
    );
    this.#possible = possible;
    this.#fitting = possible;
    this.#commands = 0;
  }

  /** The likeliest, after the command at `start`. */
  take(bytes: Buffer, start: number, end: number): WireFormat {
    if (this.#commands < enoughCommands && this.#fitting.length > 1) {
      const left = fitting(this.#fitting, bytes, start, end);
      if (left.length > 0) {
        this.#fitting = left;
        this.#commands++;
      }
    }
    return this.#fitting[0]!;
  }

  /** After a gap: whether a command begins at `start`. What fitted so far may have been wrong. */
  resume(bytes: Buffer, start: number, end: number): boolean {
    if (fitting(this.#fitting, bytes, start, end).length > 0) return true;
    const anew = fitting(this.#possible, bytes, start, end);
    if (anew.length === 0) return false;
    this.#fitting = anew;
    this.#commands = 0;
    return true;
  }
}
