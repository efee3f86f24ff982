/** A Dubbo provider in Java, which speaks Dubbo's own protocol or Triple. */
import { join } from 'node:path';
import { freePorts } from '../kit/ports.ts';
import { javaClassPath } from './java.ts';
import { mavenClassPath } from './maven.ts';
import { type Server, serverDirectory, startServer } from './server.ts';

const folder = join(import.meta.dirname, 'dubbo');

/** Dubbo, the service's interface and these sources. */
export function dubboClassPath(...sources: string[]): string {
  const libraries = mavenClassPath('dubbo-3.3.5', ['org.apache.dubbo:dubbo:3.3.5', 'org.slf4j:slf4j-nop:2.0.16']);
  return javaClassPath(libraries, [join(folder, 'Greeter.java'), ...sources]);
}

/** `dubbo` with Hessian 2, or `tri`. */
export async function startDubbo(protocol: 'dubbo' | 'tri'): Promise<Server> {
  const [port] = await freePorts(1);
  const directory = serverDirectory(protocol);
  const classPath = dubboClassPath(join(folder, 'Provider.java'));
  const args = ['-Xmx256m', '-cp', classPath, 'live.Provider', protocol, String(port)];
  // It would wait ten seconds for calls that nobody makes.
  return startServer({ name: protocol, command: 'java', args, port: port!, directory, signal: 'SIGKILL' });
}
