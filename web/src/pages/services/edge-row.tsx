/** One line of the list of edges, and the line above the list. */
import type { EdgeRow } from '../../api/types.ts';
import { formatDuration } from '../../format/duration.ts';
import { formatBytes, formatCount, formatRate, formatShare } from '../../format/number.ts';
import { observationPointWords } from '../../format/observation-point.ts';
import { RepeatedPackets } from '../../parts/repeated-packets.tsx';
import { ServiceName } from '../../parts/service-name.tsx';
import { SortButton } from '../../parts/sort-button.tsx';
import { linkTo } from '../../state/url.ts';
import { errorsOf } from './edge-sort.ts';

export function EdgeHead({ summary }: { summary: string }) {
  return (
    <div class="list-head edge-columns">
      <span>
        client → server <small>{summary}</small>
      </span>
      <SortButton by="rate" title="Requests per second, since the first that is stored of this time range" />
      <SortButton by="errors" title="Calls that failed by the server’s fault, or without an answer" />
      <SortButton by="p50" title="Half of the calls took at most that long" />
      <SortButton by="p95" />
      <SortButton by="p99" />
      <SortButton by="bytes" title="Bytes on the wire in both directions" />
      <SortButton by="rtt" title="Round trip time of TCP handshakes, median" />
      <SortButton by="retransmissions" label="retr." title="Repeated packets, of all packets" />
    </div>
  );
}

export function EdgeListRow({ edge }: { edge: EdgeRow }) {
  const { client, server, protocol, calls, traffic } = edge;
  const address = callsOf(edge);
  return (
    <div class="edge-columns">
      <span class="edge" title={`${client} → ${server}`}>
        <span class="ends">
          {client === '' ? <span class="missing">unknown</span> : <ServiceName name={client} />}
          <span aria-hidden="true">→</span>
          {address === undefined ? (
            <ServiceName name={server} />
          ) : (
            <a href={address} tabIndex={-1} title={`Traces of ${server}`}>
              <ServiceName name={server} />
            </a>
          )}
        </span>
        <small class="missing">
          {protocol === '' ? 'protocol unknown' : protocol}, seen <Seen edge={edge} />
        </small>
      </span>
      {calls === null ? <NoCalls /> : <Calls edge={edge} calls={calls} />}
      {traffic === null ? <NoTraffic isTold={edge.trafficIsTold} /> : <Traffic edge={edge} traffic={traffic} />}
    </div>
  );
}

function Calls({ edge, calls }: { edge: EdgeRow; calls: NonNullable<EdgeRow['calls']> }) {
  const errors = errorsOf(edge);
  const sample = `of ${formatCount(calls.durations)} calls`;
  return (
    <>
      <span class="number" title={`${formatCount(calls.requests)} requests`}>
        {formatRate(calls.perSecond)}
      </span>
      <span
        class="number"
        title={`${formatCount(calls.serverErrors)} by the server, ${formatCount(calls.timeouts)} without an answer; of ${formatCount(calls.requests)} requests. Not counted: ${formatCount(calls.clientErrors)} by the client`}
      >
        {errors > 0 ? <span class="bad">⚠ {formatShare(errors, calls.requests)}</span> : '0 %'}
      </span>
      {[calls.p50Ns, calls.p95Ns, calls.p99Ns].map((ns, at) => (
        <span class="number" key={at} title={sample}>
          {calls.durations === 0 ? '–' : formatDuration(ns)}
        </span>
      ))}
    </>
  );
}

/** Missing data looks missing, never like zero. */
function NoCalls() {
  return (
    <span class="missing five" title="No call was recognised in these connections">
      no calls seen
    </span>
  );
}

function Traffic({ edge, traffic }: { edge: EdgeRow; traffic: NonNullable<EdgeRow['traffic']> }) {
  return (
    <>
      <span
        class="number"
        title={`${formatBytes(traffic.clientBytes)} from ${edge.client}, ${formatBytes(traffic.serverBytes)} from ${edge.server}`}
      >
        {formatBytes(traffic.clientBytes + traffic.serverBytes)}
      </span>
      <span
        class="number"
        title={`p50 ${formatDuration(traffic.rttP50Ns)}, p99 ${formatDuration(traffic.rttP99Ns)} of ${formatCount(traffic.rtts)} handshakes`}
      >
        {traffic.rtts === 0 ? '–' : formatDuration(traffic.rttP50Ns)}
      </span>
      <span
        class="number"
        title={`${formatCount(traffic.retransmissions)} of ${formatCount(traffic.packets)} packets; ${formatCount(traffic.failed)} of ${formatCount(traffic.opened)} connections failed`}
      >
        <RepeatedPackets count={traffic.retransmissions} packets={traffic.packets}>
          {formatShare(traffic.retransmissions, traffic.packets)}
        </RepeatedPackets>
      </span>
    </>
  );
}

function NoTraffic({ isTold }: { isTold: boolean }) {
  const title = isTold
    ? 'Traffic between these two is told with their other protocol'
    : 'No connection was captured between these two';
  return (
    <span class="missing three" title={title}>
      {isTold ? 'with the other protocol' : 'not captured'}
    </span>
  );
}

function Seen({ edge: { calls, traffic } }: { edge: EdgeRow }) {
  const point = calls?.observationPoint ?? traffic?.observationPoint ?? '';
  const others = calls === null || calls.otherPoints.length === 0 ? '' : `; also ${calls.otherPoints.join(', ')}`;
  return (
    <span title={`Figures are of what was seen ${observationPointWords(point)} (${point})${others}`}>
      {observationPointWords(point)}
      {others !== '' && ` +${calls!.otherPoints.length}`}
    </span>
  );
}

/** The traces of an edge's calls: seen at the client's side they bear the client's name, else the server's. */
export function callsOf({ client, server, calls }: EdgeRow): string | undefined {
  if (calls === null) return undefined;
  if (calls.observationPoint.startsWith('c')) return linkTo('/traces', { service: client });
  const isAddress = /^[0-9a-f.:]+$/i.test(client);
  return linkTo('/traces', { service: server, f: isAddress ? `client.address=${client}` : '' });
}
