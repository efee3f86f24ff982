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
}

/** Characters of statements that are kept in one generation, and the longest one that is kept. */
const maxKept = 2 * 1024 * 1024;
const longestKept = 16 * 1024;
const maxComments = 4;
const longestKeyword = 14;

const scanner = new Scanner();
const obfuscated = new ObfuscatedText();
const summary = new Summary();

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

/**
 * What a statement says, in time linear in its length. Statements that differ in literals only share one answer; one without literals is
 * only looked up when it is seen again. Comments inside, where trace contexts travel, are added to `comments`.
 */
export function readStatement(text: string, dialect: Dialect, comments: string[] | null = null): Statement {
  const cache = remembered[dialect];
  const known = cache.get(text);
  if (known !== undefined) return known;
  const shape = hideLiterals(text, dialect, comments);
  let statement = cache.get(shape);
  if (statement === undefined) {
    statement = summarise(shape, dialect);
    if (shape.length <= longestKept) cache.set(shape, statement);
  }
  // Only white space was different: most likely a constant of some program, and not one of many.
  if (!obfuscated.changed && text.length <= longestKept && shape !== text && !text.includes('/*'))
    cache.set(text, statement);
  return statement;
}

function hideLiterals(text: string, dialect: Dialect, comments: string[] | null): string {
  scanner.reset(text, dialect);
  obfuscated.reset(text);
  let spaced = false;
  let first = true;
  for (let token = scanner.next(); token !== tokens.end; token = scanner.next()) {
    if (scanner.spaced) spaced = true;
    if (token === tokens.comment) {
      if (comments !== null && comments.length < maxComments && scanner.end - scanner.start > 4) {
        comments.push(text.slice(scanner.start, scanner.end));
      }
      obfuscated.changed = true;
      spaced = true;
      continue;
    }
    obfuscated.add(token, scanner.start, scanner.end, spaced && !first);
    spaced = false;
    first = false;
  }
  return obfuscated.finish();
}

function summarise(shape: string, dialect: Dialect): Statement {
  scanner.reset(shape, dialect);
  summary.reset();
  for (let token = scanner.next(); token !== tokens.end; token = scanner.next()) {
    const piece = shape.slice(scanner.start, scanner.end);
    summary.add(token, piece, token === tokens.word ? keyword(piece) : '');
  }
  return { text: shape, summary: summary.finish(), operation: summary.operation, collection: summary.collection };
}

function keyword(word: string): string {
  const known = upperOf.get(word);
  if (known !== undefined || word.length > longestKeyword) return known ?? '';
  return upperOf.get(word.toUpperCase()) ?? '';
}
