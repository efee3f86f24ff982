/** Receiver `otlp`: takes telemetry from OpenTelemetry SDKs and collectors over gRPC and HTTP. */
import type { Consumers } from '../../component/consumer.ts';
import { type Context, defineReceiver, type Receiver } from '../../component/define.ts';
import { listeningEndpoint, listenOrExplain } from '../../component/listen.ts';
import type { TlsServerConfig } from '../../component/schemas/tls.ts';
import { tlsServerOptions } from '../../component/tls.ts';
import { type Signal, signals } from '../../pdata/batch.ts';
import { createByteBudget } from '../../wire/byte-budget.ts';
import type { GrpcServer } from '../../wire/grpc/server.ts';
import type { HttpServer } from '../../wire/http/server.ts';
import { type Config, config } from './config.ts';
import { createOtlpGrpc } from './grpc.ts';
import { createOtlpHttp } from './http.ts';
import { createIntake, type Intake } from './intake.ts';

export default defineReceiver({
  type: 'otlp',
  description: 'Takes traces, metrics, logs and profiles from OpenTelemetry SDKs and collectors over gRPC and HTTP.',
  config,
  signals: { traces: 'stable', metrics: 'stable', logs: 'stable', profiles: 'development' },
  create: createOtlpReceiver,
});

/** Requests under way get this long to be answered on shutdown. */
const drainMs = 5000;

interface Door {
  protocol: string;
  /** Path of its block in YAML, for errors. */
  where: string;
  config: { endpoint: string; transport: 'tcp' | 'tcp4' | 'tcp6' | 'unix'; tls?: TlsServerConfig | undefined };
  server: GrpcServer | HttpServer;
}

function createOtlpReceiver(context: Context<Config>, next: Consumers): Receiver {
  const { protocols, max_bytes_in_flight } = context.config;
  const budget = createByteBudget(max_bytes_in_flight);
  const doors: Door[] = [];
  const open: Door[] = [];

  if (protocols.grpc) {
    const where = `receivers::${context.id}::protocols::grpc`;
    const tls = protocols.grpc.tls && tlsServerOptions(protocols.grpc.tls, `${where}::tls`);
    const server = createOtlpGrpc(protocols.grpc, intakes(context, next, 'grpc'), budget, tls);
    doors.push({ protocol: 'OTLP/gRPC', where, config: protocols.grpc, server });
  }
  if (protocols.http) {
    const where = `receivers::${context.id}::protocols::http`;
    const tls = protocols.http.tls && tlsServerOptions(protocols.http.tls, `${where}::tls`);
    const server = createOtlpHttp(protocols.http, intakes(context, next, 'http'), budget, tls);
    doors.push({ protocol: 'OTLP/HTTP', where, config: protocols.http, server });
  }

  async function shutdown(): Promise<void> {
    await Promise.all(open.splice(0).map(({ server }) => server.close(drainMs)));
  }

  return {
    async start() {
      for (const door of doors) {
        const { endpoint, transport, tls } = door.config;
        const target = { endpoint, transport, reusePort: context.host.worker.count > 1 };
        try {
          const address = await listenOrExplain(`${door.where}::endpoint`, target, (at) => door.server.listen(at));
          open.push(door);
          const scheme = transport === 'unix' ? 'unix:' : tls ? 'https://' : 'http://';
          context.reportListener({ protocol: door.protocol, url: scheme + listeningEndpoint(target, address) });
        } catch (error) {
          await shutdown();
          throw error;
        }
      }
    },
    shutdown,
  };
}

function intakes(context: Context<Config>, next: Consumers, transport: 'grpc' | 'http'): Map<Signal, Intake> {
  const map = new Map<Signal, Intake>();
  for (const signal of signals) {
    const intake = createIntake(context, next, signal, transport);
    if (intake) map.set(signal, intake);
  }
  return map;
}
