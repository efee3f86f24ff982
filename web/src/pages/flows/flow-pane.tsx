/** Everything about the selected flow, with ways to its calls and packets. */
import { useEffect, useState } from 'preact/hooks';
import { apiUrl, getJson } from '../../api/client.ts';
import type { FlowDetail, FlowRow } from '../../api/types.ts';
import { formatDuration } from '../../format/duration.ts';
import { formatValue } from '../../format/number.ts';
import { formatEndpoint, observationPointWords } from '../../format/observation-point.ts';
import { formatAbsolute } from '../../format/time.ts';
import { KeyName } from '../../parts/key-name.tsx';
import { ErrorNotice } from '../../parts/notice.tsx';
import { Value } from '../../parts/value.tsx';
import { setParams } from '../../state/url.ts';
import { useQuery } from '../../state/use-query.ts';
import { callsOfFlow, packetsAreKept, packetsOfFlow } from './flow-links.ts';
import { FlowState } from './flow-row.tsx';

export function FlowPane({ flow }: { flow: FlowRow }) {
  const url = apiUrl(`/flows/${flow.flowId}`);
  const detail = useQuery(url, (signal) => getJson<FlowDetail>(url, signal));
  const current = detail.data?.flowId === flow.flowId ? detail.data : undefined;
  const [hasPackets, setHasPackets] = useState(false);
  useEffect(() => void packetsAreKept().then(setHasPackets), []);
  return (
    <aside class="pane" aria-label="Selected flow" aria-busy={detail.loading}>
      <button type="button" class="close" aria-label="Close" onClick={() => setParams({ flow: '' }, 'replace')}>
        ×
      </button>
      <h2 class="mono">
        {formatEndpoint(flow.clientAddress, flow.clientPort)} → {formatEndpoint(flow.serverAddress, flow.serverPort)}
      </h2>
      <p class="actions">
        <a href={callsOfFlow(flow)}>Its calls</a>
        {hasPackets && (
          <a href={packetsOfFlow(flow.flowId)} download={`${flow.flowId}.pcapng`}>
            Download packets
          </a>
        )}
      </p>
      <dl class="facts">
        <dt>Seen</dt>
        <dd>{observationPointWords(flow.observationPoint)}</dd>
        <dt>Began</dt>
        <dd>{formatAbsolute(flow.startNs)}</dd>
        <dt>Lasted</dt>
        <dd>{formatDuration(flow.durationNs)}</dd>
        <dt>State</dt>
        <dd>
          <FlowState flow={flow} />
        </dd>
      </dl>
      {detail.error !== undefined && <ErrorNotice error={detail.error} />}
      {current === undefined && detail.error === undefined && <div class="skeleton list" />}
      {current !== undefined && <Facts facts={current.facts} />}
    </aside>
  );
}

function Facts({ facts }: { facts: FlowDetail['facts'] }) {
  return (
    <section class="attributes">
      <h3>
        All of its records <small>{facts.length}</small>
      </h3>
      <table>
        <tbody>
          {facts.map(({ key, value, unit, meaning }) => (
            <tr key={key}>
              <th scope="row" title={meaning}>
                <KeyName name={key.replace(/^deepflow\.flow\./, '')} />
              </th>
              <td>
                <FactValue of={key} value={value} unit={unit} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function FactValue({ of, value, unit }: { of: string; value: string; unit: string }) {
  if (/_time$/.test(of)) return <>{formatAbsolute(value)}</>;
  if (unit !== '') return <span title={`${value} ${unit}`}>{formatValue(Number(value), unit)}</span>;
  return <Value of={of} value={value} />;
}
