/** Apache Kafka of Maven Central: one node that is broker and controller. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts } from '../kit/ports.ts';
import { mavenClassPath } from './maven.ts';
import { type Server, serverDirectory, startServer } from './server.ts';

const version = '4.1.0';
const clusterId = 'MkU3OEVBNTcwNTJENDM2Qg';

/** The broker, its tools, and all they need. */
export function kafkaClassPath(): string {
  return mavenClassPath(`kafka-${version}`, [
    `org.apache.kafka:kafka_2.13:${version}`,
    `org.apache.kafka:kafka-tools:${version}`,
    'org.slf4j:slf4j-simple:1.7.36',
  ]);
}

export async function startKafka(): Promise<Server> {
  const classPath = kafkaClassPath();
  const [port, controller] = await freePorts(2);
  const directory = serverDirectory('kafka');
  const properties = join(directory, 'kraft.properties');
  writeFileSync(
    properties,
    `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${controller}
listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller}
advertised.listeners=PLAINTEXT://127.0.0.1:${port}
controller.listener.names=CONTROLLER
log.dirs=${join(directory, 'logs')}
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
`,
  );
  const java = ['-Dorg.slf4j.simpleLogger.defaultLogLevel=warn', '-cp', classPath];
  execFileSync('java', [...java, 'kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', properties], {
    stdio: 'pipe',
  });
  const args = ['-Xmx512m', ...java, 'kafka.Kafka', properties];
  return startServer({ name: 'kafka', command: 'java', args, port: port!, directory, withinMs: 120_000 });
}
