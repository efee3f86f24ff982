/** Cuts an SQL statement into tokens, in one pass that never goes back: quotes, numbers and comments of MySQL and PostgreSQL. */

/** What quotes and comments mean. `mysql` serves MariaDB too. */
export type Dialect = 'mysql' | 'postgresql';

export const tokens = { end: 0, word: 1, quoted: 2, literal: 3, parameter: 4, symbol: 5, comment: 6 } as const;
export type Token = (typeof tokens)[keyof typeof tokens];

const space = 1;
const digit = 2;
const letter = 4;
const classes = new Uint8Array(128);
for (const text of ' \t\r\n\f\v\0') classes[text.charCodeAt(0)] = space;
for (const text of '0123456789') classes[text.charCodeAt(0)] = digit;
for (const text of 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_@') classes[text.charCodeAt(0)] = letter;

function classOf(code: number): number {
  return code < 128 ? classes[code]! : letter;
}

/** Longest `$tag$`. */
const longestTag = 64;

export class Scanner {
  text = '';
  dialect: Dialect = 'mysql';
  /** The token is `text[start, end)`. */
  start = 0;
  end = 0;
  /** White space came before it. */
  spaced = false;
  #before: Token = tokens.end;

  reset(text: string, dialect: Dialect): void {
    this.text = text;
    this.dialect = dialect;
    this.start = 0;
    this.end = 0;
    this.spaced = false;
    this.#before = tokens.end;
  }

  /** Moves to the next token and says what it is. */
  next(): Token {
    const { text } = this;
    let at = this.end;
    while (at < text.length && classOf(text.charCodeAt(at)) === space) at++;
    this.spaced = at > this.end;
    this.start = at;
    if (at >= text.length) {
      this.end = at;
      return tokens.end;
    }
    const token = this.#token(text.charCodeAt(at), at);
    if (this.end > text.length) this.end = text.length;
    this.#before = token;
    return token;
  }

  #token(code: number, at: number): Token {
    const { text, dialect } = this;
    const kind = classOf(code);
    if (kind === letter) return this.#word(at);
    if (kind === digit) return this.#number(at);
    const following = at + 1 < text.length ? text.charCodeAt(at + 1) : 0;
    switch (code) {
      case 0x27: // '
        return this.#quote(at, 0x27, dialect === 'mysql', tokens.literal);
      case 0x22: // "
        return this.#quote(at, 0x22, dialect === 'mysql', dialect === 'mysql' ? tokens.literal : tokens.quoted);
      case 0x60: // `
        return this.#quote(at, 0x60, false, tokens.quoted);
      case 0x2d: // -
        if (
          following === 0x2d &&
          (dialect !== 'mysql' || at + 2 >= text.length || classOf(text.charCodeAt(at + 2)) === space)
        )
          return this.#line(at);
        break;
      case 0x23: // #
        if (dialect === 'mysql') return this.#line(at);
        break;
      case 0x2f: // /
        if (following === 0x2a) return this.#comment(at);
        break;
      case 0x24: // $
        return this.#dollar(at, following);
      case 0x2e: // .
        if (classOf(following) === digit && this.#before !== tokens.word && this.#before !== tokens.quoted)
          return this.#number(at);
        break;
      case 0x3f: // ?
        this.end = at + 1;
        return tokens.parameter;
      default:
    }
    this.end = at + 1;
    return tokens.symbol;
  }

  /** A name or keyword; or the prefix of a string: `x'…'`, `E'…'`, `_utf8'…'`, `U&'…'`. */
  #word(at: number): Token {
    const { text } = this;
    let end = at + 1;
    while (end < text.length) {
      const code = text.charCodeAt(end);
      if ((classOf(code) & (letter | digit)) === 0 && code !== 0x24) break;
      end++;
    }
    this.end = end;
    const next = end < text.length ? text.charCodeAt(end) : 0;
    const first = text.charCodeAt(at) | 0x20;
    if (next === 0x27 && (first === 0x7f || (end === at + 1 && 'bnexBNEX'.includes(text[at]!)))) {
      return this.#quote(end, 0x27, this.dialect === 'mysql' || first === 0x65, tokens.literal);
    }
    if (next === 0x26 && first === 0x75 && end === at + 1) {
      const quote = text.charCodeAt(end + 1);
      if (quote === 0x27) return this.#quote(end + 1, quote, false, tokens.literal);
      if (quote === 0x22) return this.#quote(end + 1, quote, false, tokens.quoted);
    }
    return tokens.word;
  }

  #number(at: number): Token {
    const { text } = this;
    let end = at + 1;
    while (end < text.length) {
      const code = text.charCodeAt(end);
      const part = classOf(code) & (letter | digit);
      const exponentSign =
        (code === 0x2b || code === 0x2d) && (text.charCodeAt(end - 1) | 0x20) === 0x65 && text[at + 1] !== 'x';
      if (part === 0 && code !== 0x2e && !exponentSign) break;
      end++;
    }
    this.end = end;
    return tokens.literal;
  }

  /** To the closing quote; a doubled one is part of the text. What is not closed goes to the end. */
  #quote(at: number, quote: number, backslash: boolean, token: Token): Token {
    const { text } = this;
    let end = at + 1;
    while (end < text.length) {
      const code = text.charCodeAt(end);
      if (code === 0x5c && backslash) end++;
      else if (code === quote) {
        if (text.charCodeAt(end + 1) !== quote) break;
        end++;
      }
      end++;
    }
    this.end = end + 1;
    return token;
  }

  #line(at: number): Token {
    const newline = this.text.indexOf('\n', at);
    this.end = newline < 0 ? this.text.length : newline + 1;
    return tokens.comment;
  }

  /** PostgreSQL's comments nest. MySQL runs what is in `/*! … *\/`, so only its marks are left out. */
  #comment(at: number): Token {
    const { text } = this;
    if (this.dialect === 'mysql') {
      if (text[at + 2] === '!' || (text[at + 2] === 'M' && text[at + 3] === '!')) {
        let end = at + 3;
        while (end < text.length && (classOf(text.charCodeAt(end)) === digit || text[end] === '!')) end++;
        this.end = end;
        return tokens.comment;
      }
      const close = text.indexOf('*/', at + 2);
      this.end = close < 0 ? text.length : close + 2;
      return tokens.comment;
    }
    let depth = 1;
    let end = at + 2;
    while (end < text.length && depth > 0) {
      const code = text.charCodeAt(end);
      if (code === 0x2f && text.charCodeAt(end + 1) === 0x2a) {
        depth++;
        end++;
      } else if (code === 0x2a && text.charCodeAt(end + 1) === 0x2f) {
        depth--;
        end++;
      }
      end++;
    }
    this.end = end;
    return tokens.comment;
  }

  /** `$1` is a parameter, `$tag$ … $tag$` a text. */
  #dollar(at: number, following: number): Token {
    const { text } = this;
    let end = at + 1;
    if (classOf(following) === digit) {
      while (end < text.length && classOf(text.charCodeAt(end)) === digit) end++;
      this.end = end;
      return tokens.parameter;
    }
    if (this.dialect === 'postgresql') {
      while (end < text.length && end - at < longestTag && (classOf(text.charCodeAt(end)) & (letter | digit)) !== 0)
        end++;
      if (text[end] === '$') {
        const close = text.indexOf(text.slice(at, end + 1), end + 1);
        this.end = close < 0 ? text.length : close + end + 1 - at;
        return tokens.literal;
      }
    }
    this.end = at + 1;
    return tokens.symbol;
  }
}
