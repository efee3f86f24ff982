/** Sends OTLP requests that are bytes already: gRPC by grpc-js, HTTP by node:http. */
import { Client, credentials } from '@grpc/grpc-js';
import type { Signal } from '../../pdata/batch.ts';
import { type Reply, send } from './http.ts';
import { httpPaths, services } from './otlp-names.ts';

/** Resolves with the answer's bytes; rejects with grpc-js's error, whose `code` is the gRPC status. */
export async function sendGrpc(port: number, signal: Signal, request: Uint8Array): Promise<Buffer> {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  try {
    return await new Promise((resolve, reject) => {
      client.makeUnaryRequest(
        `/${services[signal]}/Export`,
        (bytes: Buffer) => bytes,
        (bytes: Buffer) => bytes,
        Buffer.from(request),
        (error, answer) => (error === null ? resolve(answer!) : reject(error)),
      );
    });
  } finally {
    client.close();
  }
}

/** POSTs a body to the path of the signal, as protobuf unless `headers` say otherwise. */
export function sendHttp(
  port: number,
  signal: Signal,
  body: string | Uint8Array,
  headers: Record<string, string> = {},
): Promise<Reply> {
  return send(
    {
      host: '127.0.0.1',
      port,
      method: 'POST',
      path: httpPaths[signal],
      headers: { 'content-type': 'application/x-protobuf', ...headers },
    },
    body,
  );
}
