/** Where a flow leads: its calls, and its packets where they are kept. */
import { apiUrl, getJson } from '../../api/client.ts';
import type { FlowRow } from '../../api/types.ts';
import { nsTextToMs } from '../../format/time.ts';
import { linkTo } from '../../state/url.ts';

/** A call ends at most so long after the flow's last packet: then it has timed out. */
const marginMs = 180_000;

export function callsOfFlow({ flowId, startNs, endNs }: FlowRow): string {
  return linkTo('/traces', {
    f: `deepflow.flow.id=${flowId}`,
    from: String(Math.floor(nsTextToMs(startNs) - 1000)),
    to: String(Math.ceil(nsTextToMs(endNs) + marginMs)),
  });
}

export function packetsOfFlow(flowId: string): string {
  return apiUrl('/pcap', { flow: flowId });
}

let keepsPackets: Promise<boolean> | undefined;

/** Whether this collector keeps packets. */
export function packetsAreKept(): Promise<boolean> {
  keepsPackets ??= getJson<{ kept: boolean }>(apiUrl('/pcap/kept'), new AbortController().signal).then(
    ({ kept }) => kept,
    () => false,
  );
  return keepsPackets;
}
