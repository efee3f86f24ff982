/** A gRPC server of grpc-js in a process of its own, so that its work does not stop the test's clock. */
import { join } from 'node:path';
import { freePorts } from '../kit/ports.ts';
import { type Server, serverDirectory, startServer } from './server.ts';

export async function startGreeter(): Promise<Server> {
  const [port] = await freePorts(1);
  const args = [join(import.meta.dirname, 'greeter-main.ts'), String(port)];
  const directory = serverDirectory('grpc');
  return startServer({ name: 'grpc', command: process.execPath, args, port: port!, directory });
}
