/** Load of spans with unique ids that remembers which of them were acknowledged. */
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { send } from './http.ts';
import { encode } from './schema.ts';

const spansPerRequest = 20;

export interface SpanLoad {
  /** Span ids, in hex, of the requests that were answered 200. */
  acknowledged: Set<string>;
  /** Requests that were not answered 200, or not at all; they are not sent again. */
  failed: number;
  /** Ends the load; resolves when no request is under way. */
  stop(): Promise<void>;
}

/**
 * Sends requests one after the other on each of `connections` until it is stopped. Failed requests are followed by new
 * ids, so that whatever is stored twice was doubled behind the acknowledgement.
 */
export function startSpanLoad(port: number, connections = 4): SpanLoad {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const load = { acknowledged: new Set<string>(), failed: 0, stop };
  let running = true;
  let next = 1;
  const workers = Array.from({ length: connections }, run);

  async function run(): Promise<void> {
    while (running) {
      const number = next++;
      const ids = Array.from({ length: spansPerRequest }, (_, index) => spanId(number * spansPerRequest + index));
      const acknowledged = await post(request(number, ids));
      if (acknowledged) for (const id of ids) load.acknowledged.add(id.toString('hex'));
      else {
        load.failed++;
        await sleep(20);
      }
    }
  }

  async function post(body: Uint8Array): Promise<boolean> {
    try {
      const reply = await send(
        {
          host: '127.0.0.1',
          port,
          agent,
          method: 'POST',
          path: '/v1/traces',
          headers: { 'content-type': 'application/x-protobuf' },
        },
        body,
      );
      return reply.status === 200;
    } catch {
      return false;
    }
  }

  async function stop(): Promise<void> {
    running = false;
    await Promise.all(workers);
    agent.destroy();
  }

  return load;
}

function spanId(number: number): Buffer {
  const id = Buffer.alloc(8);
  id.writeBigUInt64BE(BigInt(number));
  return id;
}

function request(number: number, ids: readonly Buffer[]): Uint8Array {
  const traceId = Buffer.alloc(16, 0xcc);
  traceId.writeBigUInt64BE(BigInt(number), 8);
  const startNs = BigInt(Date.now()) * 1_000_000n;
  return encode('traces', {
    resource_spans: [
      {
        resource: { attributes: [{ key: 'service.name', value: { string_value: 'crash-test' } }] },
        scope_spans: [
          {
            scope: { name: 'load' },
            spans: ids.map((id, index) => ({
              trace_id: traceId.toString('base64'),
              span_id: id.toString('base64'),
              name: `step ${index}`,
              kind: 2,
              start_time_unix_nano: String(startNs),
              end_time_unix_nano: String(startNs + 1000n),
              attributes: [{ key: 'request', value: { int_value: String(number) } }],
            })),
          },
        ],
      },
    ],
  });
}
