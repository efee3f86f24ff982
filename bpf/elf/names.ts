/** Finds zero-terminated names in a large table of strings without making a string of each. */

const chunkSize = 1024 * 1024;
/** Hits after which the search ends, for tables made to have endless ones: of these beginnings, and of whole names. */
const maxBeginnings = 4_000_000;
const maxFound = 4096;

/**
 * Offsets of the wanted names in a table that is read piece by piece. A name is found also where it is the end of a longer
 * one, because linkers let strings share their ends; so an offset says "a symbol with this offset has this name".
 */
export function findNames(
  read: (at: number, size: number) => Buffer,
  size: number,
  wanted: Iterable<string>,
): Map<number, string> {
  const groups = groupByBeginning(wanted);
  const longest = Math.max(0, ...[...groups.values()].flat().map((name) => name.length));
  const found = new Map<number, string>();
  let beginnings = 0;
  for (let start = 0; start < size; start += chunkSize) {
    // Pieces overlap, so that a name across their border is whole in the first.
    const bytes = read(start, Math.min(chunkSize + longest + 1, size - start));
    for (const [beginning, names] of groups) {
      let at = bytes.indexOf(beginning, 0, 'latin1');
      while (at !== -1 && at < chunkSize) {
        if (++beginnings > maxBeginnings || found.size >= maxFound) return found;
        for (const name of names) if (endsAt(bytes, at, name)) found.set(start + at, name);
        at = bytes.indexOf(beginning, at + 1, 'latin1');
      }
    }
  }
  return found;
}

/** Names by the characters they begin with: one search for `SSL_` serves all of OpenSSL's. */
function groupByBeginning(wanted: Iterable<string>): Map<string, string[]> {
  const byFour = new Map<string, string[]>();
  for (const name of new Set(wanted)) {
    const beginning = name.slice(0, 4);
    const group = byFour.get(beginning);
    if (group === undefined) byFour.set(beginning, [name]);
    else group.push(name);
  }
  const groups = new Map<string, string[]>();
  for (const names of byFour.values()) groups.set(sharedBeginning(names), names);
  return groups;
}

function sharedBeginning(names: string[]): string {
  let length = Math.min(...names.map((name) => name.length));
  while (length > 0 && !names.every((name) => name.startsWith(names[0]!.slice(0, length)))) length--;
  return names[0]!.slice(0, length);
}

function endsAt(bytes: Buffer, at: number, name: string): boolean {
  const end = at + name.length;
  if (end >= bytes.length || bytes[end] !== 0) return false;
  for (let index = 0; index < name.length; index++) if (bytes[at + index] !== name.charCodeAt(index)) return false;
  return true;
}
