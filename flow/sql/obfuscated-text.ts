/** Writes a statement again without its literals, comments and needless white space; long lists become short. */
import { type Token, tokens } from './scanner.ts';

/** Where the writer is in a list that may be made shorter. */
const plain = 0;
/** `IN` was the last word; inside `IN ( … )`, of literals only so far. */
const afterIn = 1;
const inList = 2;
/** `VALUES` was the last word; in its first row; behind a row; in a later row. */
const afterValues = 3;
const firstRow = 4;
const betweenRows = 5;
const laterRow = 6;

/**
 * Takes the tokens of one statement, one by one. Literals become `?`, `IN (1, 2, 3)` becomes `IN (?)`, rows that look like the first one
 * are left out. What need not change is copied in runs, not token by token.
 */
export class ObfuscatedText {
  /** Something was left out or replaced, beside white space. */
  changed = false;
  #source = '';
  #out = '';
  /** `source[from, to)` is to be copied. */
  #from = 0;
  #to = 0;
  /** What is only written if the list cannot be made shorter. */
  #held = '';
  #row = '';
  #state = plain;
  #depth = 0;

  reset(source: string): void {
    this.changed = false;
    this.#source = source;
    this.#out = '';
    this.#from = 0;
    this.#to = 0;
    this.#held = '';
    this.#row = '';
    this.#state = plain;
    this.#depth = 0;
  }

  /** The token is `source[start, end)`; `spaced` when white space or a comment came before it. */
  add(token: Token, start: number, end: number, spaced: boolean): void {
    if (token === tokens.literal) this.changed = true;
    if (this.#state !== plain) {
      this.#list(token, this.#source.slice(start, end), spaced);
      return;
    }
    if (token === tokens.literal) {
      this.#flush();
      this.#out += spaced ? ' ?' : '?';
      this.#from = end;
      this.#to = end;
      return;
    }
    // A run goes on when nothing, or one blank, is between its end and the token.
    if (start - this.#to !== (spaced ? 1 : 0) || (spaced && this.#source.charCodeAt(this.#to) !== 0x20)) {
      this.#flush();
      if (spaced) this.#out += ' ';
      this.#from = start;
    }
    this.#to = end;
    if (token === tokens.word) this.#word(start, end);
  }

  #flush(): void {
    if (this.#to > this.#from) this.#out += this.#source.slice(this.#from, this.#to);
    this.#from = this.#to;
  }

  /** `IN` and `VALUES` may begin a list. */
  #word(start: number, end: number): void {
    const length = end - start;
    if (length !== 2 && length !== 6) return;
    const first = this.#source.charCodeAt(start) | 0x20;
    if (length === 2 ? first !== 0x69 : first !== 0x76) return;
    const upper = this.#source.slice(start, end).toUpperCase();
    if (upper === 'IN') this.#state = afterIn;
    else if (upper === 'VALUES') this.#state = afterValues;
    else return;
    this.#flush();
  }

  /** Between the list and what comes next nothing is left to copy. */
  #plain(token: Token, text: string, spaced: boolean): void {
    this.#state = plain;
    this.#out += spaced ? ` ${text}` : text;
    if (token === tokens.word && text.length === 2 && text.toUpperCase() === 'IN') this.#state = afterIn;
  }

  #list(token: Token, source: string, spaced: boolean): void {
    const text = token === tokens.literal ? '?' : source;
    const piece = spaced ? ` ${text}` : text;
    switch (this.#state) {
      case afterIn:
        if (text === '(') {
          this.#held = piece;
          this.#state = inList;
        } else this.#plain(token, text, spaced);
        break;
      case inList:
        this.#held += piece;
        if (text === ')' && token === tokens.symbol) {
          this.#out += this.#held.length > 4 ? `${this.#held.startsWith(' ') ? ' ' : ''}(?)` : this.#held;
          if (this.#held.length > 4) this.changed = true;
          this.#held = '';
          this.#state = plain;
        } else if (token !== tokens.literal && token !== tokens.parameter && text !== ',' && text !== '-') {
          this.#out += this.#held;
          this.#held = '';
          this.#state = plain;
        }
        break;
      default:
        this.#rows(token, text, spaced, piece);
    }
    this.#from = this.#to = this.#source.length;
  }

  #rows(token: Token, text: string, spaced: boolean, piece: string): void {
    switch (this.#state) {
      case afterValues:
        if (text !== '(') {
          this.#plain(token, text, spaced);
          return;
        }
        this.#out += piece;
        this.#row = '(';
        this.#depth = 1;
        this.#state = firstRow;
        return;
      case firstRow:
        this.#out += piece;
        this.#row += piece;
        if (this.#closes(token, text)) this.#state = betweenRows;
        return;
      case betweenRows:
        if (text === ',' && this.#held === '') this.#held = piece;
        else if (text === '(' && this.#held !== '') {
          this.#held += piece;
          this.#depth = 1;
          this.#state = laterRow;
        } else {
          this.#out += this.#held;
          this.#held = '';
          this.#plain(token, text, spaced);
        }
        return;
      default:
        this.#held += piece;
        if (!this.#closes(token, text)) return;
        if (this.#held.endsWith(this.#row)) this.changed = true;
        else this.#out += this.#held;
        this.#held = '';
        this.#state = betweenRows;
    }
  }

  #closes(token: Token, text: string): boolean {
    if (token !== tokens.symbol) return false;
    if (text === '(') this.#depth++;
    else if (text === ')') this.#depth--;
    return this.#depth === 0;
  }

  finish(): string {
    this.#flush();
    return this.#out + this.#held;
  }
}
