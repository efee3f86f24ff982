/** One line of the list of flows, and the line above the list. */
import type { FlowRow } from '../../api/types.ts';
import { formatDuration } from '../../format/duration.ts';
import { formatBytes, formatCount } from '../../format/number.ts';
import { formatEndpoint, observationPointWords } from '../../format/observation-point.ts';
import { formatAbsolute, formatAgo, nsTextToMs } from '../../format/time.ts';
import { RepeatedPackets } from '../../parts/repeated-packets.tsx';
import { SortButton } from '../../parts/sort-button.tsx';
import { refreshedAt } from '../../state/time-range.ts';
import { callsOfFlow } from './flow-links.ts';

export function FlowHead({ summary }: { summary: string }) {
  return (
    <div class="list-head flow-columns">
      <SortButton by="end" label="last packet" />
      <span>
        client → server <small>{summary}</small>
      </span>
      <span>protocol</span>
      <span>seen</span>
      <span>state</span>
      <SortButton by="duration" />
      <SortButton by="bytes" title="Bytes from the client, and from the server" />
      <SortButton by="retransmissions" label="retrans." title="Repeated packets" />
      <SortButton by="rtt" title="Round trip time of the handshake" />
      <SortButton
        by="art"
        label="answer"
        title="Application response time: the server’s first data after the client’s, mean"
      />
      <SortButton by="requests" label="calls" title="Calls recognised inside" />
    </div>
  );
}

export function FlowListRow({ flow }: { flow: FlowRow }) {
  return (
    <div class="flow-columns">
      <time title={formatAbsolute(flow.endNs)}>{formatAgo(nsTextToMs(flow.endNs), refreshedAt.value)}</time>
      <span class="edge mono">
        {formatEndpoint(flow.clientAddress, flow.clientPort)} <span aria-hidden="true">→</span>{' '}
        {formatEndpoint(flow.serverAddress, flow.serverPort)}
      </span>
      <span>
        {flow.protocol === '' ? '' : `${flow.protocol} `}
        <small class="missing">{flow.transport}</small>
      </span>
      <span title={observationPointWords(flow.observationPoint)}>{flow.observationPoint}</span>
      <FlowState flow={flow} />
      <span class="number">{formatDuration(flow.durationNs)}</span>
      <span class="number" title={`${formatCount(flow.clientPackets)} and ${formatCount(flow.serverPackets)} packets`}>
        {formatBytes(flow.clientBytes)} · {formatBytes(flow.serverBytes)}
      </span>
      <span class="number">
        <RepeatedPackets count={flow.retransmissions} packets={flow.clientPackets + flow.serverPackets}>
          {formatCount(flow.retransmissions)}
        </RepeatedPackets>
      </span>
      <span class="number">{flow.rttNs < 0 ? '–' : formatDuration(flow.rttNs)}</span>
      <span class="number">{flow.artNs < 0 ? '–' : formatDuration(flow.artNs)}</span>
      <span class="number">
        {flow.requests === 0 ? (
          '–'
        ) : (
          <a href={callsOfFlow(flow)} tabIndex={-1} title="Open its calls">
            {formatCount(flow.requests)}
          </a>
        )}
      </span>
    </div>
  );
}

/** `open`, or how it ended, in words. */
export function FlowState({ flow }: { flow: Pick<FlowRow, 'closeType' | 'status'> }) {
  const words = flow.closeType === 'periodic' ? 'open' : flow.closeType.replaceAll('_', ' ');
  const failed = flow.status === 'client_error' || flow.status === 'server_error';
  return failed ? <span class="bad">⚠ {words}</span> : <span>{words === '' ? '–' : words}</span>;
}
