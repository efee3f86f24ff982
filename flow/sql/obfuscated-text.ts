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

/** Takes the tokens of one statement, one by one. Literals become `?`, `IN (1, 2, 3)` becomes `IN (?)`, rows that look like the first one are left out. */
export class ObfuscatedText {
  #out = '';
  /** What is only written if the list cannot be made shorter. */
  #held = '';
  #row = '';
  #state = plain;
  #depth = 0;

  reset(): void {
    this.#out = '';
    this.#held = '';
    this.#row = '';
    this.#state = plain;
    this.#depth = 0;
  }

  /** `text` is the token as it is written; `upper` its keyword, '' when it is none. */
  add(token: Token, text: string, upper: string, spaced: boolean): void {
    const written = token === tokens.literal ? '?' : text;
    const piece = spaced ? ` ${written}` : written;
    switch (this.#state) {
      case plain:
        this.#out += piece;
        if (upper === 'IN') this.#state = afterIn;
        else if (upper === 'VALUES') this.#state = afterValues;
        return;
      case afterIn:
        if (text === '(') {
          this.#held = piece;
          this.#state = inList;
        } else this.#leave(token, text, upper, spaced);
        return;
      case inList:
        this.#held += piece;
        if (text === ')' && token === tokens.symbol) {
          this.#out += this.#held.length > 4 ? `${this.#held.startsWith(' ') ? ' ' : ''}(?)` : this.#held;
          this.#held = '';
          this.#state = plain;
        } else if (token !== tokens.literal && token !== tokens.parameter && text !== ',' && text !== '-') {
          this.#out += this.#held;
          this.#held = '';
          this.#state = plain;
        }
        return;
      default:
        this.#rows(token, text, upper, spaced, piece);
    }
  }

  #rows(token: Token, text: string, upper: string, spaced: boolean, piece: string): void {
    switch (this.#state) {
      case afterValues:
        if (text !== '(') {
          this.#leave(token, text, upper, spaced);
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
          this.#leave(token, text, upper, spaced);
        }
        return;
      default:
        this.#held += piece;
        if (!this.#closes(token, text)) return;
        if (!this.#held.endsWith(this.#row)) this.#out += this.#held;
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

  #leave(token: Token, text: string, upper: string, spaced: boolean): void {
    this.#state = plain;
    this.add(token, text, upper, spaced);
  }

  finish(): string {
    return this.#out + this.#held;
  }
}
