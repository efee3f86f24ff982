/** Exceptions in ClickHouse's own words: number, name and text, as its clients parse them, and the HTTP status of each. */

/** A refusal of our own that clients shall read as one of ClickHouse's. */
export class StoreException extends Error {
  override readonly name = 'StoreException';
  readonly code: number;

  constructor(code: number, codeName: string, message: string) {
    super(`Code: ${code}. DB::Exception: ${message}. (${codeName})`);
    this.code = code;
  }
}

/** What a client is told: `Code: N. DB::Exception: … (NAME) (version …)`. */
export interface ExceptionReport {
  code: number;
  status: number;
  text: string;
}

/** Reports any error; those that are not the engine's become Code 1002 (UNKNOWN_EXCEPTION). */
export function reportException(error: unknown, version: string): ExceptionReport {
  const message = error instanceof Error ? error.message : String(error);
  const found = /Code: (\d+)\. /.exec(message);
  const code = found === null ? 1002 : Number(found[1]);
  const text =
    found === null
      ? `Code: 1002. DB::Exception: ${message}. (UNKNOWN_EXCEPTION)`
      : message.slice(found.index).trimEnd();
  return { code, status: statusOf(code), text: `${text} (version ${version} (official build))\n` };
}

/** By exception code, as `exceptionCodeToHTTPStatus` of ClickHouse's HTTP handler. */
const statuses: readonly [status: number, codes: readonly number[]][] = [
  [400, [6, 26, 27, 38, 41, 43, 44, 53, 62, 69, 70, 72, 121, 125, 131, 132, 339, 340, 352, 372, 373]],
  [401, [194]],
  [403, [192, 193, 497, 516]],
  [404, [46, 47, 50, 52, 56, 60, 81, 115, 141, 255, 333]],
  [408, [159]],
  [411, [381]],
  [413, [229]],
  [415, [89]],
  [501, [1, 48]],
  [503, [202, 209, 210, 439]],
];

function statusOf(code: number): number {
  return statuses.find(([, codes]) => codes.includes(code))?.[0] ?? 500;
}
