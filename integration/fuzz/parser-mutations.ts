/** Ways to spoil a conversation: what bad senders, lost packets and wrong guesses of the direction do to streams. */
import type { Side } from '../../flow/l7/message.ts';
import type { Conversation, Piece } from './parser-seeds.ts';
import type { Random } from './random.ts';

/** Where parsers find lengths, counts and types. */
const headBytes = 9;
const tellingBytes = [0, 1, 0x0a, 0x0d, 0x20, 0x7f, 0x80, 0xfb, 0xfc, 0xfd, 0xfe, 0xff];
const lies = [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 255, 256, 0x7fff, 0x8000, 0xffff, 0x10000, 0xffffff];
const largeLies = [0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffe, 0x01000000, 0x40000000];
const numbers = ['0', '-1', '-2', '1', '99', '4294967296', '9223372036854775807', '99999999999999999999', '1e9', ''];
/** Longest conversation, but for one in sixteen. */
const shortBytes = 8 * 1024;
const longBytes = 160 * 1024;

/** The pieces of `seed`, spoilt; `others` are of the same protocol, `strangers` of any. */
export function mutateConversation(
  random: Random,
  seed: Conversation,
  others: readonly Conversation[],
  strangers: readonly Conversation[],
): Piece[] {
  const limit = random.oneIn(16) ? longBytes : shortBytes;
  let pieces = extract(random, seed.pieces, limit);
  // A few are played as they are, in other portions.
  for (let count = random.below(6); count > 0; count--) {
    pieces = random.oneIn(8)
      ? withOthers(random, pieces, others, strangers, limit)
      : random.oneIn(3)
        ? changeOrder(random, pieces)
        : changeOne(random, pieces);
    if (pieces.length === 0) break;
  }
  return seed.transport === 'tcp' && random.oneIn(2) ? portion(random, pieces) : pieces;
}

/** Some pieces in a row, mostly from the first on. */
function extract(random: Random, pieces: readonly Piece[], limit: number): Piece[] {
  const from = random.oneIn(4) ? random.below(pieces.length) : 0;
  let bytes = 0;
  let to = from;
  while (to < pieces.length && bytes < limit) bytes += pieces[to++]!.bytes.length;
  return pieces.slice(from, to);
}

function changeOne(random: Random, pieces: Piece[]): Piece[] {
  const index = random.below(pieces.length);
  const piece = pieces[index]!;
  if (piece.bytes.length === 0) return pieces;
  pieces[index] = { ...piece, bytes: changeBytes(random, Buffer.from(piece.bytes)) };
  return pieces;
}

function changeBytes(random: Random, bytes: Buffer): Buffer {
  const at = random.below(random.oneIn(2) ? Math.min(headBytes, bytes.length) : bytes.length);
  switch (random.below(10)) {
    case 0: // bits
      for (let count = 1 + random.below(3); count > 0; count--)
        bytes[random.below(bytes.length)]! ^= 1 << random.below(8);
      return bytes;
    case 1: // a byte that means something
      bytes[at] = random.pick(tellingBytes);
      return bytes;
    case 2: // any byte
      bytes[at] = random.below(256);
      return bytes;
    case 3: // the end is missing
      return bytes.subarray(0, at);
    case 4: // a part is missing
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.min(bytes.length, at + 1 + random.below(16)))]);
    case 5: // a part is there twice
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.max(0, at - random.below(32)))]);
    case 6: // noise
      return Buffer.concat([bytes.subarray(0, at), random.bytes(random.below(40)), bytes.subarray(at)]);
    case 7: // the same again and again: endless lists, structures within structures
      return Buffer.concat([bytes.subarray(0, at), repeat(random, bytes, at), bytes.subarray(at)]);
    case 8: // a number in words of a text protocol
      return changeNumber(random, bytes, at);
    default: // a length or count that lies
      return lie(random, bytes, at);
  }
}

function repeat(random: Random, bytes: Buffer, at: number): Buffer {
  const unit = bytes.subarray(at, at + 1 + random.below(6));
  return Buffer.alloc(unit.length * (1 + random.below(random.oneIn(8) ? 10_000 : 100)), unit);
}

function lie(random: Random, bytes: Buffer, at: number): Buffer {
  const width = random.pick([1, 2, 3, 4, 4, 6]);
  if (at + width > bytes.length) return bytes;
  let value = random.pick(random.oneIn(2) ? lies : largeLies);
  if (random.oneIn(4)) value = bytes.readUIntBE(at, width) + random.below(9) - 4;
  const limit = 256 ** width;
  value = ((value % limit) + limit) % limit;
  if (random.oneIn(3)) bytes.writeUIntLE(value, at, width);
  else bytes.writeUIntBE(value, at, width);
  return bytes;
}

/** Replaces the first run of digits behind `at`. */
function changeNumber(random: Random, bytes: Buffer, at: number): Buffer {
  const isDigit = (index: number) => bytes[index]! >= 0x30 && bytes[index]! <= 0x39;
  let start = at;
  while (start < bytes.length && !isDigit(start)) start++;
  let end = start;
  while (end < bytes.length && isDigit(end)) end++;
  return Buffer.concat([bytes.subarray(0, start), Buffer.from(random.pick(numbers)), bytes.subarray(end)]);
}

function changeOrder(random: Random, pieces: Piece[]): Piece[] {
  const index = random.below(pieces.length);
  const piece = pieces[index]!;
  switch (random.below(7)) {
    case 0: // twice
      return pieces.toSpliced(random.below(pieces.length + 1), 0, piece);
    case 1: // the other side says it
      return pieces.with(index, { ...piece, side: otherSide(piece.side) });
    case 2: // the roles are mistaken
      return pieces.map((each) => ({ ...each, side: otherSide(each.side) }));
    case 3: // lost
      return pieces.with(index, { ...piece, bytes: Buffer.alloc(0), lost: Math.max(1, piece.bytes.length) });
    case 4: // more is lost than a window holds
      return pieces.toSpliced(index, 0, { side: piece.side, bytes: Buffer.alloc(0), lost: 1 + random.below(200_000) });
    case 5: // missing without anybody's noticing
      return pieces.toSpliced(index, 1);
    default: {
      const other = random.below(pieces.length);
      return pieces.with(index, pieces[other]!).with(other, piece);
    }
  }
}

/** Goes on with another conversation: of the same protocol, or in mid-stream another protocol's. */
function withOthers(
  random: Random,
  pieces: Piece[],
  others: readonly Conversation[],
  strangers: readonly Conversation[],
  limit: number,
): Piece[] {
  const next = random.pick(random.oneIn(3) ? strangers : others);
  const head = random.oneIn(2) ? pieces : pieces.slice(0, 1 + random.below(pieces.length));
  return [...head, ...extract(random, next.pieces, limit >> 1)];
}

/** The same bytes in other portions: segments joined and cut, down to single bytes. */
function portion(random: Random, pieces: readonly Piece[]): Piece[] {
  const most = random.pick([2, 16, 300, 3000, 70_000]);
  const result: Piece[] = [];
  for (let index = 0; index < pieces.length; ) {
    const { side, lost } = pieces[index]!;
    const run: Buffer[] = [];
    while (index < pieces.length && pieces[index]!.side === side && pieces[index]!.lost === 0) {
      run.push(pieces[index++]!.bytes);
    }
    if (lost > 0) result.push(pieces[index++]!);
    const bytes = Buffer.concat(run);
    // Single bytes only of what is short: the number of pieces is bounded.
    const least = bytes.length > 4096 ? 200 : 1;
    for (let at = 0; at < bytes.length; ) {
      const size = least + random.below(most);
      result.push({ side, bytes: bytes.subarray(at, at + size), lost: 0 });
      at += size;
    }
  }
  return result;
}

function otherSide(side: Side): Side {
  return side === 0 ? 1 : 0;
}
