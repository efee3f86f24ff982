/** Serves the gRPC service of the live tests; usage: node greeter-main.ts PORT. */
import { promisify } from 'node:util';
import { Server, ServerCredentials, type ServiceError, status } from '@grpc/grpc-js';
import { greeter } from '../live/greeter.ts';

type Answer = (error: Partial<ServiceError> | null, reply?: Buffer) => void;

const server = new Server();
server.addService(greeter, {
  say: (_call: unknown, answer: Answer) => answer(null, Buffer.from('hello')),
  refuse: (_call: unknown, answer: Answer) => answer({ code: status.PERMISSION_DENIED, details: 'not you' }),
});
await promisify(server.bindAsync.bind(server))(`127.0.0.1:${process.argv[2]}`, ServerCredentials.createInsecure());
