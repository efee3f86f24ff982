/** An OTLP server that keeps the requests it gets: gRPC by grpc-js, HTTP by node:http. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib';
import { Server, ServerCredentials, type ServiceDefinition } from '@grpc/grpc-js';
import type { Signal } from '../../pdata/batch.ts';
import type { Owner } from './collector.ts';
import { httpPaths, services } from './otlp-names.ts';

export interface Sink {
  grpcPort: number;
  httpPort: number;
  /** Uncompressed protobuf requests of a signal, in the order in which they came. */
  bodies(signal: Signal): Uint8Array[];
}

const signalOf = new Map(Object.entries(httpPaths).map(([signal, path]) => [path, signal as Signal]));

/** Listens until the test ends. */
export async function startSink(t: Owner): Promise<Sink> {
  const kept: Record<Signal, Uint8Array[]> = { traces: [], metrics: [], logs: [], profiles: [] };
  const grpcPort = await listenGrpc(t, kept);
  const httpPort = await listenHttp(t, kept);
  return { grpcPort, httpPort, bodies: (signal) => kept[signal] };
}

async function listenGrpc(t: Owner, kept: Record<Signal, Uint8Array[]>): Promise<number> {
  const server = new Server({ 'grpc.max_receive_message_length': -1 });
  for (const [signal, service] of Object.entries(services) as [Signal, string][]) {
    const definition: ServiceDefinition = {
      Export: {
        path: `/${service}/Export`,
        requestStream: false,
        responseStream: false,
        requestSerialize: (value: Buffer) => value,
        requestDeserialize: (bytes: Buffer) => bytes,
        responseSerialize: (value: Buffer) => value,
        responseDeserialize: (bytes: Buffer) => bytes,
      },
    };
    server.addService(definition, {
      Export: (call: { request: Buffer }, answer: (error: null, value: Buffer) => void) => {
        kept[signal].push(call.request);
        answer(null, Buffer.alloc(0));
      },
    });
  }
  t.after(() => server.forceShutdown());
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(port) : reject(error),
    );
  });
}

async function listenHttp(t: Owner, kept: Record<Signal, Uint8Array[]>): Promise<number> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const signal = signalOf.get(request.url ?? '');
    const protobuf = request.headers['content-type'] === 'application/x-protobuf';
    if (signal === undefined || !protobuf) {
      response.writeHead(signal === undefined ? 404 : 415).end();
      return;
    }
    kept[signal].push(inflate(Buffer.concat(chunks), request.headers['content-encoding']));
    response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

function inflate(body: Buffer, encoding: string | undefined): Uint8Array {
  switch (encoding) {
    case undefined:
    case 'identity':
      return body;
    case 'gzip':
      return gunzipSync(body);
    case 'zstd':
      return zstdDecompressSync(body);
    case 'deflate':
    case 'zlib':
      return inflateSync(body);
    default:
      throw new Error(`content-encoding ${encoding} is none that OTLP exporters send`);
  }
}
