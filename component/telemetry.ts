/** What a component may say about itself: log lines and metrics, as interfaces that the collector implements. */

export type LogFields = Record<string, unknown>;

/** Messages are constant sentences; facts go in fields. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

export type Labels = Record<string, string>;

export interface Counter {
  add(value: number): void;
}

export interface Histogram {
  record(value: number): void;
}

/**
 * Makes instruments of the collector's own metrics. Names are written without the `otelcol_` prefix and without unit or
 * `_total` suffixes, as the upstream Collector's default reader shows them. Asking twice for one name and label set
 * returns the same instrument; make instruments at creation, not per batch.
 */
export interface Meter {
  counter(name: string, description: string, labels?: Labels): Counter;
  histogram(name: string, description: string, boundaries: readonly number[], labels?: Labels): Histogram;
  /** `read` is called at each scrape. */
  gauge(name: string, description: string, read: () => number, labels?: Labels): void;
}
