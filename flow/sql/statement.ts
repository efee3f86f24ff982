/** Reads SQL statements: text without literals, summary, operation, main table; remembered, because statements repeat. */
import { ObfuscatedText } from './obfuscated-text.ts';
import { type Dialect, Scanner, tokens } from './scanner.ts';
import { keywords, Summary } from './summary.ts';

export interface Statement {
  /** Without literals and comments. */
  readonly text: string;
  /** `db.query.summary`. */
  readonly summary: string;
  /** First operation, in upper case; empty when the text is no SQL that we know. */
  readonly operation: string;
  /** First table or other target, without quotes. */
  readonly collection: string;
  /** Comments inside, as they are written; where trace contexts travel. */
  readonly comments: readonly string[];
}

/** Characters of statements that are kept in one generation, and the longest one that is kept. */
const maxKept = 2 * 1024 * 1024;
const longestKept = 16 * 1024;
const maxComments = 4;
const longestKeyword = 14;

const scanner = new Scanner();
const obfuscated = new ObfuscatedText();
const summary = new Summary();
const noComments: readonly string[] = [];

/** Keywords in any case they are usually written in, so that most words need no copy in upper case. */
const upperOf = new Map<string, string>();
for (const word of keywords) {
  upperOf.set(word, word);
  upperOf.set(word.toLowerCase(), word);
}

/** Two generations: what is used again moves to the younger; the older is dropped as a whole when the younger is full. */
class Remembered {
  #young = new Map<string, Statement>();
  #old = new Map<string, Statement>();
  #kept = 0;

  get(text: string): Statement | undefined {
    const statement = this.#young.get(text);
    if (statement !== undefined) return statement;
    const older = this.#old.get(text);
    if (older !== undefined) this.set(text, older);
    return older;
  }

  set(text: string, statement: Statement): void {
    this.#kept += text.length + statement.text.length + 200;
    if (this.#kept > maxKept) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#kept = text.length + statement.text.length + 200;
    }
    this.#young.set(text, statement);
  }
}

const remembered: Readonly<Record<Dialect, Remembered>> = { mysql: new Remembered(), postgresql: new Remembered() };

/** What a statement says. Time is linear in its length; the answer to a text seen before is only looked up. */
export function readStatement(text: string, dialect: Dialect): Statement {
  const known = remembered[dialect].get(text);
  if (known !== undefined) return known;
  const statement = scan(text, dialect);
  if (text.length <= longestKept) remembered[dialect].set(text, statement);
  return statement;
}

function scan(text: string, dialect: Dialect): Statement {
  let comments: string[] | null = null;
  let spaced = false;
  scanner.reset(text, dialect);
  obfuscated.reset();
  summary.reset();
  let first = true;
  for (let token = scanner.next(); token !== tokens.end; token = scanner.next()) {
    const { start, end } = scanner;
    if (scanner.spaced) spaced = true;
    if (token === tokens.comment) {
      comments ??= [];
      if (comments.length < maxComments && end - start > 4) comments.push(text.slice(start, end));
      spaced = true;
      continue;
    }
    const piece = text.slice(start, end);
    // `*/` ends what MySQL was told to run by `/*!`.
    const upper = token === tokens.word ? keyword(piece) : '';
    obfuscated.add(token, piece, upper, spaced && !first);
    summary.add(token, piece, upper);
    spaced = false;
    first = false;
  }
  return {
    text: obfuscated.finish(),
    summary: summary.finish(),
    operation: summary.operation,
    collection: summary.collection,
    comments: comments ?? noComments,
  };
}

function keyword(word: string): string {
  const known = upperOf.get(word);
  if (known !== undefined || word.length > longestKeyword) return known ?? '';
  return upperOf.get(word.toUpperCase()) ?? '';
}
