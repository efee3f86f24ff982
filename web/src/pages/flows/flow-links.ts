/** Where a flow leads: its calls, and its packets where they are kept. */
import { ApiError, apiUrl, getJson } from '../../api/client.ts';
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

/** Whether this collector keeps packets: one that does complains about a flow id that is none, one that does not about the asking. */
export function packetsAreKept(): Promise<boolean> {
  keepsPackets ??= getJson(packetsOfFlow('none'), new AbortController().signal).then(
    () => false,
    (error: unknown) => error instanceof ApiError && error.code === 'BAD_REQUEST',
  );
  return keepsPackets;
}
