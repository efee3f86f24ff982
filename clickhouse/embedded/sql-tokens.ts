/** Splits ClickHouse SQL into tokens, just finely enough to find clauses, literals and statement ends. */

export type TokenKind = 'word' | 'identifier' | 'string' | 'number' | 'symbol';

export interface Token {
  kind: TokenKind;
  /** As written; words keep their case. */
  text: string;
  /** Index of the first character, and of the one after the last. */
  start: number;
  end: number;
  /** How many brackets are open around the token; a bracket itself counts as outside. */
  depth: number;
}

const patterns = {
  blank: /(?:\s+|--[^\n]*|#[! ][^\n]*|\/\*[\s\S]*?(?:\*\/|$))+/y,
  word: /[A-Za-z_\x80-\uffff][\w$\x80-\uffff]*/y,
  number: /\d[\w.]*/y,
  // A quote inside is doubled or escaped by a backslash.
  string: /'(?:[^'\\]+|\\[\s\S]|'')*'?/y,
  identifier: /`(?:[^`\\]+|\\[\s\S]|``)*`?|"(?:[^"\\]+|\\[\s\S]|"")*"?/y,
  heredoc: /\$(\w*)\$[\s\S]*?\$\1\$/y,
};

/** Yields tokens from `from` on; comments and white space are skipped. Lazy, so data after an INSERT is never looked at. */
export function* readTokens(sql: string, from = 0): Generator<Token> {
  let depth = 0;
  let at = match(patterns.blank, sql, from);
  while (at < sql.length) {
    const start = at;
    const kind = kindAt(sql, at);
    const end =
      kind === 'symbol' ? at + 1 : match(kind === 'string' ? stringPattern(sql, at) : patterns[kind], sql, at);
    const text = sql.slice(start, end);
    if (text === ')' || text === ']' || text === '}') depth--;
    yield { kind, text, start, end, depth };
    if (text === '(' || text === '[' || text === '{') depth++;
    at = match(patterns.blank, sql, end);
  }
}

/** True when the token is that keyword, whatever its case. */
export function isWord(token: Token | undefined, ...keywords: string[]): boolean {
  return token?.kind === 'word' && keywords.includes(token.text.toUpperCase());
}

function kindAt(sql: string, at: number): TokenKind {
  const char = sql[at];
  if (char === "'") return 'string';
  if (char === '`' || char === '"') return 'identifier';
  if (char >= '0' && char <= '9') return 'number';
  if (char === '$' && match(patterns.heredoc, sql, at) > at) return 'string';
  return match(patterns.word, sql, at) > at ? 'word' : 'symbol';
}

function stringPattern(sql: string, at: number): RegExp {
  return sql[at] === '$' ? patterns.heredoc : patterns.string;
}

/** End of the match at exactly `at`, or `at` when there is none. */
function match(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}
