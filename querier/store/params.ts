/** Collects the bound parameters of one query, so that no value of a caller ever becomes part of its text. */

export class Params {
  readonly values: Record<string, unknown> = {};
  #count = 0;

  /** Binds a value and returns its placeholder; `type` is a ClickHouse type such as `String` or `Array(String)`. */
  add(type: string, value: unknown): string {
    const name = `p${this.#count++}`;
    this.values[name] = value;
    return `{${name}:${type}}`;
  }
}
