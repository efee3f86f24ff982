/** Where and when a flow was, by its id. */
import { Params } from '../store/params.ts';
import type { Store } from '../store/store.ts';

export interface FoundFlow {
  clientAddress: string;
  clientPort: number;
  serverAddress: string;
  serverPort: number;
  transport: string;
  /** First and last packet, Unix nanoseconds as text. */
  startNs: string;
  endNs: string;
}

/** Undefined when no record of the flow is stored. */
export async function findFlow(store: Store, id: string, signal: AbortSignal): Promise<FoundFlow | undefined> {
  const params = new Params();
  const rows = await store.select<FoundFlow>(
    `SELECT
       client_address AS clientAddress,
       toUInt16(client_port) AS clientPort,
       server_address AS serverAddress,
       toUInt16(server_port) AS serverPort,
       network_transport AS transport,
       toString(toUnixTimestamp64Nano(start_time)) AS startNs,
       toString(toUnixTimestamp64Nano(end_time)) AS endNs
     FROM ${store.database}.flow_log
     WHERE flow_id = ${params.add('String', id)}
     ORDER BY time DESC
     LIMIT 1`,
    params,
    signal,
  );
  return rows[0];
}
