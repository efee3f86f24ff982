/** Secrets in YAML: values that never show in logs, errors or printed configuration. */
import { inspect } from 'node:util';
import { z } from 'zod';

/** How a secret prints, as in the OpenTelemetry Collector. */
export const redacted = '[REDACTED]';

/** A string that only {@link Secret.reveal} gives away. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value itself, for the one place that sends it. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return redacted;
  }

  toJSON(): string {
    return redacted;
  }

  [inspect.custom](): string {
    return redacted;
  }
}

/** A string option whose value is a {@link Secret}. */
export function secret() {
  return z.string().transform((value) => new Secret(value));
}
