/** Records Produce calls of Kafka's own performance tool, one record per request. */
import { kafkaClassPath, startKafka } from '../../servers/kafka.ts';
import { record, runClient } from './record.ts';

const records = 120_000;

export async function recordKafka(file: string): Promise<void> {
  const kafka = await startKafka();
  try {
    await record(file, `tcp port ${kafka.port}`, async () => {
      const tool = ['-cp', kafkaClassPath(), 'org.apache.kafka.tools.ProducerPerformance', '--topic', 'bench'];
      const load = ['--num-records', String(records), '--record-size', '100', '--throughput', '-1', '--producer-props'];
      const producer = [`bootstrap.servers=127.0.0.1:${kafka.port}`, 'batch.size=0', 'linger.ms=0'];
      await runClient('java', ['-Dorg.slf4j.simpleLogger.defaultLogLevel=warn', ...tool, ...load, ...producer]);
    });
  } finally {
    await kafka.stop();
  }
}
