/** What services and clients say they did: the JSON lines they write, as integration/services makes them. */
import { existsSync, readFileSync } from 'node:fs';

/** Times are Unix nanoseconds (a double is good to 256 ns); ports are 0 where the library does not tell. */
export interface TrueCall {
  protocol: 'http' | 'grpc' | 'mysql' | 'postgresql' | 'redis' | 'kafka';
  /** host:port */
  address: string;
  method: string;
  /** Path with query, statement, command with arguments, topic. */
  target: string;
  /** Status as the protocol has it; `ok` where it has none. */
  status: string;
  localPort: number;
  tls: boolean;
  /** What the call says of itself as x-request-id, where its address and target are also those of others. */
  requestId?: string;
  start: number;
  end: number;
}

export interface TrueRequest extends Omit<TrueCall, 'protocol' | 'address' | 'tls'> {
  service: string;
  pid: number;
  /** Empty for what a client does of itself. */
  protocol: TrueCall['protocol'] | 'fastcgi' | '';
  remotePort: number;
  /** What it did before it answered, in the order in which the calls ended. */
  calls: TrueCall[];
}

/** All that is written so far; nothing when there is no such file. */
export function readTruth(file: string): TrueRequest[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as TrueRequest);
}
