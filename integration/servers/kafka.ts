/** Apache Kafka of Maven Central: one node that is broker and controller. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../kit/collector.ts';
import { freePorts } from '../kit/ports.ts';
import { type Server, serverDirectory, startServer } from './server.ts';

const version = '4.1.0';
const jars = join(root, '.cache', 'servers', `kafka-${version}`);
const clusterId = 'MkU3OEVBNTcwNTJENDM2Qg';

/** What a POM of these dependencies brings; fetched once. */
export function kafkaClassPath(): string {
  if (!existsSync(join(jars, 'lib'))) {
    mkdirSync(jars, { recursive: true });
    const dependency = (group: string, name: string, at: string): string =>
      `<dependency><groupId>${group}</groupId><artifactId>${name}</artifactId><version>${at}</version></dependency>`;
    const dependencies = [
      dependency('org.apache.kafka', 'kafka_2.13', version),
      dependency('org.apache.kafka', 'kafka-tools', version),
      dependency('org.slf4j', 'slf4j-simple', '1.7.36'),
    ];
    writeFileSync(
      join(jars, 'pom.xml'),
      `<project><modelVersion>4.0.0</modelVersion><groupId>x</groupId><artifactId>x</artifactId><version>1</version><dependencies>${dependencies.join('')}</dependencies></project>`,
    );
    const goal = ['-q', '-B', 'dependency:copy-dependencies', '-DoutputDirectory=lib'];
    execFileSync('mvn', goal, { cwd: jars, stdio: 'pipe', timeout: 600_000 });
  }
  return `${join(jars, 'lib')}/*`;
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
