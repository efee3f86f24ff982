/** Makes a path of few different values from an HTTP path: what looks like an id becomes `{id}`. */

const maxSegments = 10;
const longestSegment = 40;
const placeholder = '{id}';

/**
 * `/users/42/orders/3f2a…?page=2` becomes `/users/{id}/orders/{id}`. An observer has no routes of a framework; it goes by shape: numbers,
 * UUIDs, hex, dates, long or mixed tokens, percent-encoded text. A file's extension stays. After ten segments `*` stands for the rest.
 */
export function routeOf(target: string): string {
  if (target.length === 0 || target[0] !== '/') return target === '*' ? target : '';
  const end = pathEnd(target);
  let out = '';
  let kept = 0;
  let segments = 0;
  for (let at = 1; at <= end; segments++) {
    if (segments === maxSegments) return `${out}${target.slice(kept, at)}*`;
    let next = at;
    while (next < end && target.charCodeAt(next) !== 0x2f) next++;
    const stem = stemEnd(target, at, next);
    if (isVariable(target, at, stem)) {
      out += target.slice(kept, at) + placeholder;
      kept = stem;
    }
    at = next + 1;
  }
  return kept === 0 ? target.slice(0, end) : out + target.slice(kept, end);
}

/** The first two segments of the path, without query. */
export function firstSegments(target: string): string {
  const end = pathEnd(target);
  let slashes = 0;
  for (let at = 0; at < end; at++) if (target.charCodeAt(at) === 0x2f && ++slashes === 3) return target.slice(0, at);
  return target.slice(0, end);
}

/** Where query or fragment begins. */
export function pathEnd(target: string): number {
  for (let at = 0; at < target.length; at++) {
    const code = target.charCodeAt(at);
    if (code === 0x3f || code === 0x23) return at;
  }
  return target.length;
}

/** A query with its values replaced: `a=1&b` becomes `a=?&b`. */
export function hideValues(query: string): string {
  let out = '';
  let at = 0;
  while (at <= query.length) {
    let end = query.indexOf('&', at);
    if (end < 0) end = query.length;
    const equals = query.indexOf('=', at);
    if (equals >= 0 && equals < end) out += `${query.slice(at, equals)}=?`;
    else out += query.slice(at, end);
    if (end < query.length) out += '&';
    at = end + 1;
  }
  return out;
}

/** Where the extension begins: a dot and up to five letters or digits, the first a letter. */
function stemEnd(text: string, start: number, end: number): number {
  for (let at = end - 1; at > start && end - at <= 6; at--) {
    const code = text.charCodeAt(at);
    if (code === 0x2e) return end - at > 1 && isLetter(text.charCodeAt(at + 1)) ? at : end;
    if (!isLetter(code) && !isDigit(code)) return end;
  }
  return end;
}

function isVariable(text: string, start: number, end: number): boolean {
  const length = end - start;
  if (length === 0) return false;
  if (length > longestSegment) return true;
  let digits = 0;
  let hex = 0;
  let run = 0;
  let switches = 0;
  let separated = true;
  let previousDigit = false;
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at);
    if (isDigit(code)) {
      digits++;
      if (at > start && !previousDigit) switches++;
      run++;
      // Five digits anywhere, three behind a separator: order-123.
      if (run >= 5 || (run >= 3 && separated)) return true;
      previousDigit = true;
      continue;
    }
    if (previousDigit) switches++;
    previousDigit = false;
    run = 0;
    separated = code === 0x2d || code === 0x5f || code === 0x2e;
    if (code === 0x25 || code === 0x40 || code === 0x3d || code === 0x2c || code > 0x7e) return true;
    const lower = code | 0x20;
    if (code === 0x2d || (lower >= 0x61 && lower <= 0x66)) hex++;
  }
  if (digits === length) return true;
  if (length >= 8 && digits > 0 && digits + hex === length) return true;
  return length >= 8 && switches >= 4;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function isLetter(code: number): boolean {
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x7a;
}
