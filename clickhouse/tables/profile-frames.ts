/** The stack of each sample as frames: one per function of each location, leaf first. */
import type { ProfileColumns } from '../../pdata/otlp/profiles.gen.ts';
import { expansionBudget } from '../native/expansion.ts';

/** Parallel columns of frames; sample r has the frames `[start[r], start[r + 1])`. Names are rows of the string table. */
export interface Frames {
  count: number;
  start: Uint32Array;
  functionName: Uint32Array;
  systemName: Uint32Array;
  file: Uint32Array;
  mapping: Uint32Array;
  /** Low and high words. */
  line: Uint32Array;
  column: Uint32Array;
  startLine: Uint32Array;
  address: Uint32Array;
  /** 1 when the frame is inlined into the next one. */
  inlined: Uint8Array;
}

/** About what a frame takes in a stored row. */
const frameBytes = 64;

/** An index of the dictionary, or 0 when it points nowhere: entry 0 of each table is its empty value. */
export function inRange(index: number, length: number): number {
  return index >= 0 && index < length ? index : 0;
}

/** Samples past the expansion budget of the request have no frames. */
export function resolveFrames(columns: ProfileColumns, strings: number): Frames {
  const { samples, stacks } = columns;
  const start = frameStarts(columns);
  const count = start[samples.rows]!;
  const frames: Frames = {
    count,
    start,
    functionName: new Uint32Array(count),
    systemName: new Uint32Array(count),
    file: new Uint32Array(count),
    mapping: new Uint32Array(count),
    line: new Uint32Array(2 * count),
    column: new Uint32Array(2 * count),
    startLine: new Uint32Array(2 * count),
    address: new Uint32Array(2 * count),
    inlined: new Uint8Array(count),
  };
  for (let row = 0; row < samples.rows; row++) {
    const stack = inRange(samples.stackIndex[row]!, stacks.rows);
    let frame = start[row]!;
    if (frame === start[row + 1]!) continue;
    for (let i = stacks.locationIndicesStart[stack]!; i < stacks.locationIndicesStart[stack + 1]!; i++) {
      frame = addLocation(columns, frames, frame, stacks.locationIndices[i]!, strings);
    }
  }
  return frames;
}

/** Where the frames of each sample begin. A location without lines, or one that points nowhere, is one frame. */
function frameStarts({ arena, samples, stacks, locations }: ProfileColumns): Uint32Array {
  const perStack = new Uint32Array(stacks.rows);
  for (let stack = 0; stack < stacks.rows; stack++) {
    for (let i = stacks.locationIndicesStart[stack]!; i < stacks.locationIndicesStart[stack + 1]!; i++) {
      const location = inRange(stacks.locationIndices[i]!, locations.rows);
      perStack[stack]! += location < locations.rows ? Math.max(1, lineCount(locations.linesStart, location)) : 1;
    }
  }
  const start = new Uint32Array(samples.rows + 1);
  let left = Math.floor(expansionBudget(arena.length) / frameBytes);
  for (let row = 0; row < samples.rows; row++) {
    const stack = inRange(samples.stackIndex[row]!, stacks.rows);
    const count = stack < stacks.rows ? perStack[stack]! : 0;
    left -= count;
    start[row + 1] = start[row]! + (left >= 0 ? count : 0);
  }
  return start;
}

function lineCount(linesStart: Uint32Array, location: number): number {
  return linesStart[location + 1]! - linesStart[location]!;
}

function addLocation(
  { locations, lines, functions, mappings }: ProfileColumns,
  frames: Frames,
  frame: number,
  index: number,
  strings: number,
): number {
  const location = inRange(index, locations.rows);
  if (location >= locations.rows) return frame + 1;
  const mapping = inRange(locations.mappingIndex[location]!, mappings.rows);
  const mappingName = mapping < mappings.rows ? inRange(mappings.filenameStrindex[mapping]!, strings) : 0;
  const first = locations.linesStart[location]!;
  const end = Math.max(first + 1, locations.linesStart[location + 1]!);
  for (let line = first; line < end; line++, frame++) {
    frames.mapping[frame] = mappingName;
    copy64(frames.address, frame, locations.address, location);
    if (line >= locations.linesStart[location + 1]!) continue;
    frames.inlined[frame] = line + 1 < end ? 1 : 0;
    copy64(frames.line, frame, lines.line, line);
    copy64(frames.column, frame, lines.column, line);
    const fn = inRange(lines.functionIndex[line]!, functions.rows);
    if (fn >= functions.rows) continue;
    frames.functionName[frame] = inRange(functions.nameStrindex[fn]!, strings);
    frames.systemName[frame] = inRange(functions.systemNameStrindex[fn]!, strings);
    frames.file[frame] = inRange(functions.filenameStrindex[fn]!, strings);
    copy64(frames.startLine, frame, functions.startLine, fn);
  }
  return frame;
}

function copy64(to: Uint32Array, toRow: number, from: Uint32Array, fromRow: number): void {
  to[2 * toRow] = from[2 * fromRow]!;
  to[2 * toRow + 1] = from[2 * fromRow + 1]!;
}
