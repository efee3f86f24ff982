/** Takes OTLP messages apart into what goes to a table of its own and the rest, without decoding either. */
import { cursor, readVarint, skipField } from '../pdata/otlp/wire-format.ts';

/** What is looked for: log records (or scopes) one of whose fields is a certain string. */
export interface Mark {
  /** The string itself: messages without it in their bytes are not looked at closely. */
  text: Buffer;
  /** How deep the chosen things lie below the request: 2 scopes (ScopeMetrics), 3 items (LogRecord). */
  depth: 2 | 3;
  /** Field numbers that lead from such a thing to the string. */
  path: readonly number[];
}

export interface Parts {
  chosen: Uint8Array | null;
  rest: Uint8Array | null;
}

/** Request → resource (field 1) → scope (field 2) → item (field 2): so for all signals. */
const childTags = [0x0a, 0x12, 0x12];

/** Both parts are complete messages; what is said of a resource or scope is in each. The message was checked. */
export function splitMessage(message: Uint8Array, mark: Mark): Parts {
  if (Buffer.prototype.indexOf.call(message, mark.text) < 0) return { chosen: null, rest: message };
  return split(message, 0, message.length, 0, mark);
}

function split(b: Uint8Array, from: number, to: number, depth: number, mark: Mark): Parts {
  const childTag = childTags[depth]!;
  const common: Uint8Array[] = [];
  const chosen: Uint8Array[] = [];
  const rest: Uint8Array[] = [];
  let p = from;
  while (p < to) {
    const field = p;
    const tag = readVarint(b, p);
    p = skipField(b, cursor.at, tag);
    if (tag !== childTag) {
      common.push(b.subarray(field, p));
      continue;
    }
    const length = readVarint(b, field + 1);
    const content = cursor.at;
    if (depth + 1 === mark.depth) {
      (holds(b, content, content + length, mark, 0) ? chosen : rest).push(b.subarray(field, p));
      continue;
    }
    const parts = split(b, content, content + length, depth + 1, mark);
    if (parts.chosen) chosen.push(header(childTag, parts.chosen.length), parts.chosen);
    if (parts.rest) rest.push(header(childTag, parts.rest.length), parts.rest);
  }
  if (chosen.length === 0) return { chosen: null, rest: b.subarray(from, to) };
  if (rest.length === 0) return { chosen: b.subarray(from, to), rest: null };
  return { chosen: Buffer.concat([...common, ...chosen]), rest: Buffer.concat([...common, ...rest]) };
}

/** Whether the path leads to the text; of a field given twice the last counts. */
function holds(b: Uint8Array, from: number, to: number, mark: Mark, step: number): boolean {
  const wanted = (mark.path[step]! << 3) | 2;
  let found = false;
  for (let p = from; p < to; ) {
    const tag = readVarint(b, p);
    const start = cursor.at;
    p = skipField(b, start, tag);
    if (tag !== wanted) continue;
    const length = readVarint(b, start);
    const content = cursor.at;
    if (step + 1 < mark.path.length) found = holds(b, content, content + length, mark, step + 1);
    else found = mark.text.equals(b.subarray(content, content + length));
  }
  return found;
}

function header(tag: number, length: number): Uint8Array {
  const bytes = [tag];
  while (length > 127) {
    bytes.push((length & 0x7f) | 0x80);
    length >>>= 7;
  }
  bytes.push(length);
  return Uint8Array.from(bytes);
}
