/** A server of MongoDB's wire protocol in Java: no package or registry here has mongod itself. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { freePorts } from '../kit/ports.ts';
import { mavenClassPath } from './maven.ts';
import { type Server, serverDirectory, startServer } from './server.ts';

export async function startMongo(): Promise<Server> {
  const libraries = mavenClassPath('mongo', ['de.bwaldvogel:mongo-java-server:1.47.0', 'org.slf4j:slf4j-nop:2.0.16']);
  const [port] = await freePorts(1);
  const directory = serverDirectory('mongo');
  const source = join(import.meta.dirname, 'mongo', 'Main.java');
  execFileSync('javac', ['-cp', libraries, '-d', directory, source], { stdio: 'pipe' });
  const args = ['-cp', `${libraries}:${directory}`, 'Main', String(port)];
  return startServer({ name: 'mongo', command: 'java', args, port: port!, directory });
}
