/** One HTTP request over TCP or a unix socket, answered whole. */
import { type RequestOptions, request } from 'node:http';

export interface Reply {
  status: number;
  headers: NodeJS.Dict<string | string[]>;
  body: Buffer;
}

/** @throws when the connection fails before the answer is complete */
export function send(options: RequestOptions, body: string | Uint8Array = ''): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const call = request({ agent: false, timeout: 60_000, ...options }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    });
    call.on('timeout', () => call.destroy(new Error('no answer within 60 s')));
    call.on('error', reject);
    call.end(body);
  });
}
