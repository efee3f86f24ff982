/** Compares two values key by key: only what is expected is looked at. */

export interface Difference {
  /** `message 3`, `flow 0`, `packet 12`, or `file`. */
  readonly where: string;
  /** `attributes.qos`, `records.0.ttl`. */
  readonly key: string;
  readonly expected: unknown;
  readonly got: unknown;
  readonly policy: boolean;
}

/** What came of comparing: leaves that agree, and the differences. */
export class Tally {
  factsPassed = 0;
  policyPassed = 0;
  readonly differences: Difference[] = [];
  readonly #policyFields: readonly string[];

  constructor(policyFields: readonly string[]) {
    this.#policyFields = policyFields;
  }

  /** Compares every leaf of `expected` but the keys in `without`. Arrays have the same length; objects may have more keys than expected. */
  compare(where: string, expected: object, got: object | undefined, without: readonly string[] = []): void {
    for (const [key, value] of Object.entries(expected)) {
      if (without.includes(key)) continue;
      this.#compareValue(where, key, value, (got as Record<string, unknown> | undefined)?.[key], this.isPolicy(key));
    }
  }

  /** One leaf that is a fact. */
  fact(where: string, key: string, expected: unknown, got: unknown): void {
    this.#compareValue(where, key, expected, got, false);
  }

  isPolicy(key: string): boolean {
    return this.#policyFields.includes(key);
  }

  #compareValue(where: string, key: string, expected: unknown, got: unknown, policy: boolean): void {
    if (Array.isArray(expected)) {
      const list = Array.isArray(got) ? got : [];
      if (expected.length === 0 || list.length !== expected.length) {
        this.#compareLeaf(where, `${key}.length`, expected.length, Array.isArray(got) ? got.length : got, policy);
      }
      for (const [index, item] of expected.entries()) {
        this.#compareValue(where, `${key}.${index}`, item, list[index], policy);
      }
    } else if (typeof expected === 'object' && expected !== null) {
      for (const [inner, value] of Object.entries(expected)) {
        const found = typeof got === 'object' && got !== null ? (got as Record<string, unknown>)[inner] : undefined;
        this.#compareValue(where, `${key}.${inner}`, value, found, policy);
      }
    } else this.#compareLeaf(where, key, expected, got, policy);
  }

  #compareLeaf(where: string, key: string, expected: unknown, got: unknown, policy: boolean): void {
    if (expected !== got) this.differences.push({ where, key, expected, got, policy });
    else if (policy) this.policyPassed++;
    else this.factsPassed++;
  }
}
