/** Why the embedded store did not start, in words that tell an operator what to do. */
import { resolve } from 'node:path';
import type { z } from 'zod';
import { socketOf } from '../../clickhouse/embedded/store-client.ts';
import { StoreStartError } from '../../clickhouse/embedded/supervisor.ts';
import { OperatorError } from '../../component/errors.ts';
import type { clickhouseEmbeddedConfig } from './config.ts';

/** sun_path of the kernel, less the NUL. */
const maxSocketPathBytes = 107;

/** Throws when clients could not connect to a socket in the directory. */
export function checkSocketPath(id: string, directory: string): void {
  const size = Buffer.byteLength(socketOf(directory));
  if (size <= maxSocketPathBytes) return;
  throw new OperatorError(
    'INVALID_CONFIG',
    `extensions::${id}::directory: the socket ${socketOf(directory)} would have a path of ${size} bytes, and the system takes ${maxSocketPathBytes}; choose a directory with a shorter path`,
  );
}

export function explainStart(
  id: string,
  config: z.output<typeof clickhouseEmbeddedConfig>,
  error: unknown,
): OperatorError {
  const directory = resolve(config.directory);
  const at = `extensions::${id}`;
  const cause = { cause: error };
  const message = error instanceof Error ? error.message : String(error);
  if (!(error instanceof StoreStartError))
    return new OperatorError('INTERNAL', `${at}: the embedded store did not start: ${message}`, cause);
  switch (error.reason) {
    case 'missing':
      return new OperatorError(
        'MISSING_DEPENDENCY',
        `${at}: the embedded store needs chdb, which is not installed or not made for this system (${message}); run \`npm install chdb\` on Linux with glibc or on macOS, or remove the extension and point the clickhouse exporter to a ClickHouse server`,
        cause,
      );
    case 'locked':
      return new OperatorError(
        'DATA_DIRECTORY_LOCKED',
        `${at}::directory: another process uses ${directory}; stop that one, or choose another directory for this one`,
        cause,
      );
    case 'port':
      return new OperatorError(
        'ADDRESS_IN_USE',
        `${at}::http::endpoint: ${config.http.endpoint} is taken by another process; change it or stop that process`,
        cause,
      );
    case 'permission':
      return new OperatorError(
        'PERMISSION_DENIED',
        `${at}::directory: no permission to write in ${directory} (${message}); give this process's user that directory, or choose another`,
        cause,
      );
    case 'disk_full':
      return new OperatorError(
        'DISK_FULL',
        `${at}::directory: no room for the store in ${directory}: ${message}; free some space, or choose a directory on another disk`,
        cause,
      );
    case 'other':
      return new OperatorError(
        'STORE_UNAVAILABLE',
        `${at}: the embedded store in ${directory} did not start: ${message}; if its data is damaged, move the directory away and start anew`,
        cause,
      );
    default:
      return error.reason satisfies never;
  }
}
