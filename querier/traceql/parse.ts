/** Parses the subset of TraceQL that one span selector `{ … }` can say into a predicate over spans. */
import { QueryError } from '../errors.ts';
import type { Literal, Operator, Predicate } from '../traces/predicate.ts';
import { anything, spanKinds, statusCodes } from '../traces/predicate.ts';
import { resolveField } from './fields.ts';
import type { Token } from './lexer.ts';
import { readTokens } from './lexer.ts';

const comparisons = new Set(['=', '!=', '>', '>=', '<', '<=', '=~', '!~']);
const structural = new Set(['>>', '<<', '>', '<', '~', '&>>', '&<<', '&>', '&<', '&~', '!>>', '!<<', '!>', '&&', '||']);

/**
 * `{}` selects everything; inside the braces comparisons join by `&&`, `||`, `!` and parentheses. Whatever else the
 * language has (structural operators, pipelines, arithmetic, events and links) is refused by name.
 */
export function parseTraceQl(text: string): Predicate {
  if (text.trim() === '') return anything;
  const parser = new Parser(readTokens(text));
  parser.expect('{');
  const predicate = parser.peekText() === '}' ? anything : parser.or();
  parser.expect('}');
  parser.end();
  return predicate;
}

class Parser {
  #tokens: readonly Token[];
  #next = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  or(): Predicate {
    const parts = [this.#and()];
    while (this.#take('||')) parts.push(this.#and());
    return parts.length === 1 ? parts[0]! : { kind: 'or', parts };
  }

  #and(): Predicate {
    const parts = [this.#unary()];
    while (this.#take('&&')) parts.push(this.#unary());
    return parts.length === 1 ? parts[0]! : { kind: 'and', parts };
  }

  #unary(): Predicate {
    if (this.#take('!')) return { kind: 'not', part: this.#unary() };
    if (this.#take('(')) {
      const inner = this.or();
      this.expect(')');
      return inner;
    }
    return this.#comparison();
  }

  #comparison(): Predicate {
    const token = this.#advance();
    if (token.kind === 'word' && (token.text === 'true' || token.text === 'false')) {
      return token.text === 'true' ? anything : { kind: 'not', part: anything };
    }
    if (token.kind !== 'word') throw unexpected(token, 'an attribute such as span.http.method or a field such as name');
    const field = resolveField(token.text);
    const operator = this.#advance();
    if (operator.kind !== 'punctuation' || !comparisons.has(operator.text)) {
      if (operator.kind === 'punctuation' && '+-*/%^'.includes(operator.text)) {
        throw new QueryError('UNSUPPORTED', `TraceQL: arithmetic ("${operator.text}") is not supported here`);
      }
      throw unexpected(operator, `a comparison after ${token.text}`);
    }
    const value = this.#literal();
    const name = field.kind === 'intrinsic' ? field.name : undefined;
    return {
      kind: 'compare',
      field,
      operator: operator.text as Operator,
      value: value.kind === 'string' ? byName(name, value) : value,
    };
  }

  #literal(): Literal {
    const token = this.#advance();
    switch (token.kind) {
      case 'string':
        return { kind: 'string', value: token.text };
      case 'number':
      case 'duration':
        return { kind: 'number', value: token.value };
      case 'punctuation': {
        const amount = token.text === '-' ? this.#advance() : token;
        if (amount.kind === 'number' || amount.kind === 'duration') return { kind: 'number', value: -amount.value };
        throw unexpected(token, 'a value');
      }
      case 'word':
        if (token.text === 'true' || token.text === 'false') return { kind: 'boolean', value: token.text === 'true' };
        if (token.text === 'nil') return { kind: 'nil' };
        if (token.text in statusCodes || token.text in spanKinds) return { kind: 'string', value: token.text };
        throw new QueryError(
          'UNSUPPORTED',
          `TraceQL: comparing with another field ("${token.text}") is not supported here; put text in double quotes`,
        );
      case 'end':
        throw unexpected(token, 'a value');
      default:
        throw token satisfies never;
    }
  }

  peekText(): string {
    const token = this.#tokens[this.#next]!;
    return token.kind === 'punctuation' ? token.text : '';
  }

  expect(text: string): void {
    const token = this.#advance();
    if (token.kind === 'punctuation' && token.text === text) return;
    if (text === '{' && token.kind === 'punctuation' && token.text === '(') {
      throw new QueryError('UNSUPPORTED', 'TraceQL: grouping of several selectors "( {…} )" is not supported here');
    }
    throw unexpected(token, `"${text}"`);
  }

  end(): void {
    const token = this.#tokens[this.#next]!;
    if (token.kind === 'end') return;
    if (token.kind === 'punctuation' && token.text === '|') {
      const stage = this.#tokens[this.#next + 1];
      const name = stage?.kind === 'word' ? stage.text : '…';
      throw new QueryError('UNSUPPORTED', `TraceQL: the pipeline "| ${name}" is not supported here; use one { … }`);
    }
    if (token.kind === 'punctuation' && structural.has(token.text)) {
      throw new QueryError(
        'UNSUPPORTED',
        `TraceQL: "${token.text}" between two selectors is not supported here; use one { … }`,
      );
    }
    throw unexpected(token, 'the end of the query');
  }

  #take(text: string): boolean {
    if (this.peekText() !== text) return false;
    this.#next++;
    return true;
  }

  #advance(): Token {
    const token = this.#tokens[this.#next]!;
    if (token.kind !== 'end') this.#next++;
    return token;
  }
}

/** `status = error` and `kind = server` are written as names and stored as OTLP's numbers. */
function byName(field: string | undefined, value: { kind: 'string'; value: string }): Literal {
  const names = field === 'status' ? statusCodes : field === 'kind' ? spanKinds : undefined;
  if (names === undefined) return value;
  const number = names[value.value];
  if (number === undefined) {
    throw new QueryError('BAD_REQUEST', `TraceQL: ${field} is one of ${Object.keys(names).join(', ')}`);
  }
  return { kind: 'number', value: number };
}

function unexpected(token: Token, wanted: string): QueryError {
  const text = token.kind === 'end' ? 'the end' : 'text' in token ? `"${token.text}"` : String(token.value);
  return new QueryError('BAD_REQUEST', `TraceQL: expected ${wanted}, found ${text} at character ${token.at + 1}`);
}
