/** Options of the protocols, as YAML gives them; the receivers' schemas have the descriptions and defaults. */

export interface ProtocolOptions {
  /** Names of the protocols that are looked for; null: all. */
  readonly enabled: ReadonlySet<string> | null;
  /** More ports per protocol name. */
  readonly ports: Readonly<Record<string, readonly number[]>>;
  /** Names of headers that hold a trace id, beside the known ones; lower case. */
  readonly traceHeaders: readonly string[];
  /** Headers, lower case, that are noted as `http.request.header.<name>` and `http.response.header.<name>`. */
  readonly capturedHeaders: readonly string[];
  /** Literals in SQL, arguments of Redis and Memcached, values in queries are replaced by `?`. */
  readonly obfuscate: boolean;
  /** Longest text that is kept of a statement, a path, an error; in characters. */
  readonly maxText: number;
  /** Seconds a request waits for its answer, per protocol name. */
  readonly timeouts: Readonly<Record<string, number>>;
}
