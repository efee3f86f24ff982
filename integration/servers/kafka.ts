/** Apache Kafka of Maven Central: one node that is broker and controller. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Certificate } from '../kit/certificate.ts';
import { freePorts } from '../kit/ports.ts';
import { mavenClassPath } from './maven.ts';
import { type Server, serverDirectory, startServer, type Where } from './server.ts';

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

/** With a certificate it speaks TLS on a second port. */
export async function startKafka(where: Where = {}): Promise<Server & { tlsPort: number }> {
  const classPath = kafkaClassPath();
  const { certificate, namespace } = where;
  const [free, controller, tlsPort] = await freePorts(3);
  const port = where.port ?? free!;
  const directory = serverDirectory('kafka');
  const properties = join(directory, 'kraft.properties');
  const plain = `PLAINTEXT://127.0.0.1:${port}`;
  const own = certificate === undefined ? plain : `${plain},SSL://127.0.0.1:${tlsPort}`;
  writeFileSync(
    properties,
    `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${controller}
listeners=${own},CONTROLLER://127.0.0.1:${controller}
advertised.listeners=${own}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SSL:SSL,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
log.dirs=${join(directory, 'logs')}
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
${certificate === undefined ? '' : keystore(certificate)}
`,
  );
  const java = ['-Dorg.slf4j.simpleLogger.defaultLogLevel=warn', '-cp', classPath];
  execFileSync('java', [...java, 'kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', properties], {
    stdio: 'pipe',
  });
  const args = ['-Xmx512m', ...java, 'kafka.Kafka', properties];
  const program = { name: 'kafka', command: 'java', args, port, directory, namespace, withinMs: 120_000 };
  return { ...(await startServer(program)), tlsPort: tlsPort! };
}

function keystore({ pkcs12, password }: Certificate): string {
  return `ssl.keystore.type=PKCS12\nssl.keystore.location=${pkcs12}\nssl.keystore.password=${password}`;
}
