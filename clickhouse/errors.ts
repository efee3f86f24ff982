/** Errors of a ClickHouse server, sorted by what helps: waiting, migrating, an operator, or nothing. */

/**
 * - `unavailable`: not reachable, too slow, or short of something that comes back; the same insert may succeed later.
 * - `access`: reachable, but it does not let us in or is read-only; succeeds after an operator changed something.
 * - `schema`: a table or column is missing; succeeds after a migration.
 * - `tooOld`: the server lacks SQL that the schema needs.
 * - `data`: it refuses these bytes, and will again.
 * - `unknown`: a code this table does not list.
 */
export type StoreErrorKind = 'unavailable' | 'access' | 'schema' | 'tooOld' | 'data' | 'unknown';

/** The message says what happened and what to do; `code` is ClickHouse's number, 0 when the server said none. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly kind: StoreErrorKind;
  readonly code: number;

  constructor(kind: StoreErrorKind, code: number, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.kind = kind;
    this.code = code;
  }
}

/** What each code means for an insert, and what an operator can do; from ClickHouse's ErrorCodes. */
const codes: Record<number, [kind: StoreErrorKind, advice: string]> = {
  // Reachable but busy, restarting or short of memory, disk or replicas.
  159: ['unavailable', 'it took too long; raise `timeout` or look at the load of the server'],
  160: ['unavailable', 'it took too long; look at the load of the server'],
  202: ['unavailable', 'it has too many queries under way'],
  203: ['unavailable', 'it has no free connection'],
  209: ['unavailable', 'a connection between servers timed out'],
  210: ['unavailable', 'a connection between servers broke'],
  225: ['unavailable', 'it has no ZooKeeper or Keeper'],
  236: ['unavailable', 'the insert was aborted; the server is probably stopping'],
  241: ['unavailable', 'it is out of memory; raise its memory limit or lower `batch::max_rows`'],
  242: ['unavailable', 'the table is read-only; the replica has probably lost its Keeper session'],
  243: ['unavailable', 'its disk is full; free space or lower `ttl`'],
  252: ['unavailable', 'its merges do not keep up; raise `batch::flush_interval` so that inserts are fewer and larger'],
  285: ['unavailable', 'too few replicas are alive'],
  286: ['unavailable', 'an earlier insert is not on a quorum of replicas yet'],
  319: ['unavailable', 'it does not know whether the insert succeeded; it is repeated with the same token'],
  394: ['unavailable', 'somebody killed the insert'],
  425: ['unavailable', 'a system call failed on the server; look at its log'],
  439: ['unavailable', 'it cannot start more threads'],
  999: ['unavailable', 'its Keeper failed'],
  1000: ['unavailable', 'a system call failed on the server; look at its log'],
  // Lets nobody in.
  164: ['access', 'the user may only read; give it INSERT, CREATE and ALTER on the database'],
  192: ['access', 'the user does not exist; check `username`'],
  193: ['access', 'the password is wrong; check `password`'],
  194: ['access', 'a password is needed; set `username` and `password`'],
  291: ['access', 'the user has no access to the database; check its grants'],
  497: ['access', 'the user lacks a right; give it INSERT, CREATE and ALTER on the database'],
  516: ['access', 'user or password is wrong; check `username` and `password`'],
  723: ['access', 'the user lacks a right; give it INSERT, CREATE and ALTER on the database'],
  // Tables are missing or from another version.
  10: ['schema', 'a column is missing'],
  16: ['schema', 'a column is missing'],
  47: ['schema', 'a column is missing'],
  60: ['schema', 'a table is missing'],
  81: ['schema', 'the database is missing'],
  // These bytes.
  6: ['data', 'it cannot parse a value'],
  26: ['data', 'it cannot parse a value'],
  27: ['data', 'it cannot parse a value'],
  33: ['data', 'the block ends too early'],
  44: ['data', 'a column has the wrong length'],
  53: ['data', 'a column has another type'],
  62: ['data', 'it does not understand the statement'],
  70: ['data', 'a column has another type'],
  117: ['data', 'the block is malformed'],
  128: ['data', 'an array is too large'],
  131: ['data', 'a string is too large'],
  271: ['data', 'the block is malformed'],
  349: ['data', 'a value is missing'],
  432: ['data', 'the codec is unknown'],
};

/** Sorts whatever `@clickhouse/client` threw. */
export function storeError(error: unknown, endpoint: string): StoreError {
  if (error instanceof StoreError) return error;
  const { message = String(error), code } = (error ?? {}) as { message?: string; code?: unknown };
  const number = typeof code === 'string' && /^\d+$/.test(code) ? Number(code) : 0;
  if (number === 0) return withoutCode(error, message, String(code ?? ''), endpoint);
  const [kind, advice] = codes[number] ?? ['unknown', 'look this code up in the documentation of ClickHouse'];
  return new StoreError(kind, number, `ClickHouse at ${endpoint} answered ${firstLine(message)}: ${advice}`, {
    cause: error,
  });
}

/** Errors of sockets and of proxies, and of servers that answer without a code. */
function withoutCode(error: unknown, message: string, code: string, endpoint: string): StoreError {
  const advice = endpoint.startsWith('unix:')
    ? 'check that extension clickhouse_embedded is in service::extensions and that `endpoint` is its socket'
    : 'check `endpoint` and that the server runs';
  const what = code === '' ? firstLine(message) : `${code}: ${firstLine(message)}`;
  return new StoreError('unavailable', 0, `ClickHouse at ${endpoint} cannot be reached (${what}); ${advice}`, {
    cause: error,
  });
}

function firstLine(text: string): string {
  const line = text.trim().split('\n', 1)[0]!;
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}
