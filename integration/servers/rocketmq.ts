/** RocketMQ: a name server and one broker. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts } from '../kit/ports.ts';
import { javaClassPath } from './java.ts';
import { mavenClassPath } from './maven.ts';
import { type Server, serverDirectory, startServer } from './server.ts';

const version = '5.5.0';

/** Name server, broker and client, and these sources. */
export function rocketmqClassPath(...sources: string[]): string {
  const parts = ['broker', 'namesrv', 'client'].map((part) => `org.apache.rocketmq:rocketmq-${part}:${version}`);
  const libraries = mavenClassPath(`rocketmq-${version}`, parts);
  return sources.length === 0 ? libraries : javaClassPath(libraries, sources);
}

/** The port is the broker's; it refuses messages of more than 8 KiB. */
export async function startRocketmq(): Promise<Server & { namesPort: number }> {
  const [port, namesPort, replicas, fast] = await freePorts(4);
  const directory = serverDirectory('rocketmq');
  const classPath = rocketmqClassPath();
  mkdirSync(join(directory, 'store'));
  const start = (name: string, main: string, port: number, properties: string, java: string[]): Promise<Server> => {
    const file = join(directory, `${name}.conf`);
    writeFileSync(file, properties);
    const args = [...java, `-Drocketmq.home.dir=${directory}`, `-Duser.home=${directory}`, '-cp', classPath, main];
    args.push('-c', file);
    // The broker goes first, and takes the folder with it.
    const own = name === 'broker' ? directory : serverDirectory(name);
    // Nobody needs what they would save.
    return startServer({ name, command: 'java', args, port, directory: own, withinMs: 120_000, signal: 'SIGKILL' });
  };
  const names = await start(
    'namesrv',
    'org.apache.rocketmq.namesrv.NamesrvStartup',
    namesPort!,
    `bindAddress=127.0.0.1\nlistenPort=${namesPort}\n`,
    ['-Xmx192m'],
  );
  try {
    const broker = await start(
      'broker',
      'org.apache.rocketmq.broker.BrokerStartup',
      port!,
      `brokerClusterName=live
brokerName=live
brokerId=0
brokerIP1=127.0.0.1
bindAddress=127.0.0.1
listenPort=${port}
haListenPort=${replicas}
fastListenPort=${fast}
namesrvAddr=127.0.0.1:${namesPort}
storePathRootDir=${join(directory, 'store')}
storePathCommitLog=${join(directory, 'store', 'commitlog')}
mappedFileSizeCommitLog=16777216
autoCreateTopicEnable=true
maxMessageSize=8192
`,
      ['-Xmx384m', ...broad],
    );
    return {
      ...broker,
      namesPort: namesPort!,
      async stop() {
        await broker.stop();
        await names.stop();
      },
    };
  } catch (error) {
    await names.stop();
    throw error;
  }
}

/** What its storage does with memory that Java keeps to itself. */
const broad = [
  '--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED',
  '--add-opens=java.base/java.nio=ALL-UNNAMED',
  '--add-opens=java.base/sun.nio.ch=ALL-UNNAMED',
];
