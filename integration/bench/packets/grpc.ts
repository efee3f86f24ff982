/** Records unary gRPC calls between the client and the server of grpc-js. */

import { promisify } from 'node:util';
import { credentials, Server as GrpcServer, makeGenericClientConstructor, ServerCredentials } from '@grpc/grpc-js';
import { record } from './record.ts';

const identity = (bytes: Buffer): Buffer => bytes;
const service = {
  say: {
    path: '/bench.Greeter/Say',
    requestStream: false,
    responseStream: false,
    requestSerialize: identity,
    requestDeserialize: identity,
    responseSerialize: identity,
    responseDeserialize: identity,
  },
};
const calls = 90_000;
const concurrent = 8;

export async function recordGrpc(file: string): Promise<void> {
  const server = new GrpcServer();
  server.addService(service, {
    say: (_call: unknown, done: (error: null, reply: Buffer) => void) => done(null, Buffer.alloc(100)),
  });
  const port = await promisify(server.bindAsync.bind(server))('127.0.0.1:0', ServerCredentials.createInsecure());
  const Client = makeGenericClientConstructor(service, 'Greeter');
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  const say = (): Promise<void> =>
    new Promise((resolve, reject) => {
      client.say!(Buffer.alloc(50), (error: Error | null) => (error === null ? resolve() : reject(error)));
    });
  try {
    await record(file, `tcp port ${port}`, async () => {
      let left = calls;
      const worker = async (): Promise<void> => {
        while (left-- > 0) await say();
      };
      await Promise.all(Array.from({ length: concurrent }, worker));
    });
  } finally {
    client.close();
    server.forceShutdown();
  }
}
