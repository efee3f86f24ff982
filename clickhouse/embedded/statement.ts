/** Tells what a client's SQL text is, and where its clauses are, so that output and input can be put on files. */
import { isWord, readTokens, type Token } from './sql-tokens.ts';
import { StoreException } from './store-exception.ts';

/** A statement, cut where the engine needs something inserted. All texts together are the client's own text. */
export type Statement =
  /** Answers rows, written as they come. `query` ends where `INTO OUTFILE … FORMAT …` belongs. */
  | { kind: 'rows'; query: string; format: string | undefined; settings: string; limited: boolean }
  /** Takes rows from a body. `dataAt` is the index in the text at which inline data begins (its length if none). */
  | { kind: 'insert'; target: string; settings: string; format: string | undefined; dataAt: number }
  /** INSERT … SELECT: writes rows, answers none. */
  | { kind: 'insert_select'; text: string }
  | { kind: 'kill'; text: string }
  /** Everything else: DDL, SET, USE, SYSTEM, … */
  | { kind: 'command'; text: string; format: string | undefined };

const rowKeywords = ['SELECT', 'WITH', 'FROM', 'SHOW', 'DESCRIBE', 'DESC', 'EXISTS', 'CHECK', 'EXPLAIN'];
/** Of those, the ones that read tables, and therefore get the readers' limits. */
const readKeywords = ['SELECT', 'WITH', 'FROM'];

/**
 * Cuts a statement. An INSERT's text is read only as far as its data; every other text must be one statement.
 * Throws a {@link StoreException} for texts that HTTP does not take: several statements, or files of this machine.
 */
export function readStatement(text: string): Statement {
  const tokens = readTokens(text);
  const first = tokens.next().value as Token | undefined;
  if (first === undefined) throw new StoreException(62, 'SYNTAX_ERROR', 'Empty query');
  if (isWord(first, 'INSERT')) return readInsert(text, tokens);
  const rest = [...tokens];
  const end = endOfStatement(text, rest);
  const body = [first, ...rest.filter((token) => token.start < end)];
  refuseFiles(body);
  if (isWord(first, 'KILL')) return { kind: 'kill', text: text.slice(0, end) };
  const { query, format, settings } = cutFormat(text.slice(0, end), body);
  const opening = body.find((token) => token.text !== '(');
  if (!isWord(opening, ...rowKeywords)) return { kind: 'command', text: text.slice(0, end), format };
  return { kind: 'rows', query, format, settings, limited: isWord(opening, ...readKeywords) };
}

function readInsert(text: string, tokens: Generator<Token>): Statement {
  const seen: Token[] = [];
  let settingsAt = -1;
  for (const token of tokens) {
    const previous = seen.at(-1);
    seen.push(token);
    if (token.depth > 0) {
      if (previous?.text === '(' && isWord(token, 'SELECT', 'WITH') && !isFunctionTarget(seen)) {
        return insertSelect(text, seen, tokens);
      }
      continue;
    }
    if (seen.length < 3) continue; // INTO [TABLE | FUNCTION] name
    const target = text.slice(0, settingsAt >= 0 ? settingsAt : token.start);
    const settings = settingsAt >= 0 ? text.slice(settingsAt, token.start) : '';
    if (isWord(token, 'SETTINGS')) settingsAt = token.start;
    else if (isWord(token, 'SELECT', 'WITH')) return insertSelect(text, seen, tokens);
    else if (isWord(token, 'INFILE')) refuseFiles(seen);
    else if (isWord(token, 'VALUES')) {
      refuseFiles(seen);
      return { kind: 'insert', target, settings, format: 'Values', dataAt: token.end };
    } else if (isWord(token, 'FORMAT')) {
      const name = tokens.next().value as Token | undefined;
      if (name?.kind !== 'word') break;
      refuseFiles(seen);
      return { kind: 'insert', target, settings, format: name.text, dataAt: skipLineEnd(text, name.end) };
    }
  }
  refuseFiles(seen);
  const end = endOfStatement(text, seen);
  const target = text.slice(0, settingsAt >= 0 ? settingsAt : end);
  return {
    kind: 'insert',
    target,
    settings: settingsAt >= 0 ? text.slice(settingsAt, end) : '',
    format: undefined,
    dataAt: text.length,
  };
}

function isFunctionTarget(seen: readonly Token[]): boolean {
  return isWord(seen[1], 'FUNCTION');
}

function insertSelect(text: string, seen: Token[], tokens: Generator<Token>): Statement {
  const all = [...seen, ...tokens];
  refuseFiles(all);
  return { kind: 'insert_select', text: text.slice(0, endOfStatement(text, all)) };
}

/** Inline data begins after blanks and at most one line end, as in ClickHouse's own parser. */
function skipLineEnd(text: string, at: number): number {
  while (text[at] === ' ' || text[at] === '\t') at++;
  if (text[at] === '\r' && text[at + 1] === '\n') return at + 2;
  return text[at] === '\n' ? at + 1 : at;
}

/** Where the statement ends: at its `;`, or at the end of the text. */
function endOfStatement(text: string, tokens: readonly Token[]): number {
  const semicolon = tokens.findIndex((token) => token.text === ';' && token.depth === 0);
  if (semicolon < 0) return text.length;
  if (tokens.slice(semicolon).some((token) => token.text !== ';')) {
    throw new StoreException(62, 'SYNTAX_ERROR', 'Multi-statements are not allowed');
  }
  return tokens[semicolon].start;
}

/** Takes `FORMAT name` off the end; it may be followed by SETTINGS. */
function cutFormat(
  text: string,
  tokens: readonly Token[],
): { query: string; format: string | undefined; settings: string } {
  const at = tokens.findLastIndex(
    (token, i) =>
      token.depth === 0 &&
      isWord(token, 'FORMAT') &&
      tokens[i + 1]?.kind === 'word' &&
      (tokens[i + 2] === undefined || isWord(tokens[i + 2], 'SETTINGS')),
  );
  if (at <= 0) return { query: text, format: undefined, settings: '' };
  return {
    query: text.slice(0, tokens[at].start),
    format: tokens[at + 1].text,
    settings: text.slice(tokens[at + 1].end),
  };
}

const fileFunctions = ['FILE', 'FILECLUSTER', 'EXECUTABLE'];

/** The engine would read and write any file of this machine for whoever reaches the socket; a server does not. */
function refuseFiles(tokens: readonly Token[]): void {
  for (const [i, token] of tokens.entries()) {
    const next = tokens[i + 1];
    if (isWord(token, 'INTO') && isWord(next, 'OUTFILE')) {
      throw new StoreException(
        1,
        'UNSUPPORTED_METHOD',
        'INTO OUTFILE is not allowed over HTTP; read the answer instead',
      );
    }
    if (isWord(token, 'INFILE')) {
      throw new StoreException(
        1,
        'UNSUPPORTED_METHOD',
        'FROM INFILE is not allowed over HTTP; send the data as the body',
      );
    }
    const name = token.kind === 'identifier' ? token.text.slice(1, -1) : token.text;
    if (
      (token.kind === 'word' || token.kind === 'identifier') &&
      next?.text === '(' &&
      fileFunctions.includes(name.toUpperCase())
    ) {
      throw new StoreException(
        497,
        'ACCESS_DENIED',
        `The function and engine ${name} reach files of the machine and are not allowed`,
      );
    }
  }
}
