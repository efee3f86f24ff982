/** Splits TraceQL text into tokens. Source of the lexical rules: Grafana Tempo's TraceQL documentation. */
import { QueryError } from '../errors.ts';

export type Token =
  | { kind: 'punctuation'; text: string; at: number }
  | { kind: 'word'; text: string; at: number }
  | { kind: 'string'; text: string; at: number }
  | { kind: 'number'; value: number; at: number }
  /** Nanoseconds. */
  | { kind: 'duration'; value: number; at: number }
  | { kind: 'end'; at: number };

const patterns = {
  space: /\s+/y,
  // Longest first: `>>` and `&>>` must not be read as two comparisons.
  punctuation: /&>>|&<<|!>>|!<<|&~|&>|&<|!>(?!=)|&&|\|\||>>|<<|=~|!~|!=|>=|<=|[{}()=<>!|~+\-*/%^,]/y,
  duration: /\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h)(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))*(?![A-Za-z0-9_])/y,
  number: /\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y,
  quoted: /"(?:[^"\\]|\\.)*"|`[^`]*`/y,
  // Attribute names may hold dots, dashes, slashes and quoted parts: `span."a b".c`.
  word: /(?:[A-Za-z_.][\w.\-/:]*|"(?:[^"\\]|\\.)*")(?:\."(?:[^"\\]|\\.)*"|[\w.\-/:]+|(?<=\.)"(?:[^"\\]|\\.)*")*/y,
};

const unitNs: Record<string, number> = { ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9, m: 6e10, h: 3.6e12 };

/** Throws a {@link QueryError} that points at the first character it cannot read. */
export function readTokens(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0];
  };
  while (at < text.length) {
    const space = match(patterns.space);
    if (space !== undefined) {
      at += space.length;
      continue;
    }
    const token = readToken(match, at);
    if (token === undefined) {
      throw new QueryError('BAD_REQUEST', `TraceQL: unexpected "${text[at]}" at character ${at + 1}`);
    }
    tokens.push(token.token);
    at += token.length;
  }
  tokens.push({ kind: 'end', at });
  return tokens;
}

function readToken(
  match: (pattern: RegExp) => string | undefined,
  at: number,
): { token: Token; length: number } | undefined {
  const duration = match(patterns.duration);
  if (duration !== undefined) {
    return { token: { kind: 'duration', value: parseDurationNs(duration), at }, length: duration.length };
  }
  const number = match(patterns.number);
  if (number !== undefined) return { token: { kind: 'number', value: Number(number), at }, length: number.length };
  const quoted = match(patterns.quoted);
  if (quoted !== undefined) return { token: { kind: 'string', text: unquote(quoted), at }, length: quoted.length };
  const word = match(patterns.word);
  if (word !== undefined) return { token: { kind: 'word', text: word, at }, length: word.length };
  const punctuation = match(patterns.punctuation);
  if (punctuation !== undefined) {
    return { token: { kind: 'punctuation', text: punctuation, at }, length: punctuation.length };
  }
  return undefined;
}

/** Nanoseconds of a Go duration such as `1m30s` or `1.5ms`; NaN when it is none. */
export function parseDurationNs(text: string): number {
  const parts = text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g);
  let total = 0;
  let length = 0;
  for (const [all, amount, unit] of parts) {
    total += Number(amount) * unitNs[unit!]!;
    length += all.length;
  }
  return length === text.length && length > 0 ? total : Number.NaN;
}

/** The text between quotes, with `\"`, `\\`, `\n` and `\t` resolved; other escapes, as of regular expressions, stay. */
export function unquote(text: string): string {
  if (text.startsWith('`')) return text.slice(1, -1);
  return text
    .slice(1, -1)
    .replace(/\\(["\\nt])/g, (_, char: string) => (char === 'n' ? '\n' : char === 't' ? '\t' : char));
}
