/** What the wire tells of a call: where it was seen, between whom, in which connection, at which bytes of its streams. */
import type { Attribute } from '../../api/types.ts';
import { formatBytes, formatCount } from '../../format/number.ts';
import { formatEndpoint, observationPointWords } from '../../format/observation-point.ts';
import { linkTo } from '../../state/url.ts';

const outcomes: Readonly<Record<string, string>> = {
  answered: 'answered',
  one_way: 'one way: no answer is expected',
  timeout: 'no answer in time',
  unanswered: 'the connection ended without an answer',
  unmatched_response: 'an answer whose request was not seen',
};

/** Nothing for spans of an SDK. `from` and `to` are the time, ms, in which the connection may be found. */
export function WireFacts({ attributes, from, to }: { attributes: readonly Attribute[]; from: string; to: string }) {
  const told = new Map(attributes.map(({ key, value }) => [key, value]));
  const text = (key: string) => told.get(key) ?? '';
  const point = text('deepflow.observation_point');
  if (point === '') return null;
  const side = (name: 'client' | 'server') => formatEndpoint(text(`${name}.address`), Number(text(`${name}.port`)));
  const flowId = text('deepflow.flow.id');
  const outcome = text('deepflow.call.outcome');
  const missed = outcome !== '' && outcome !== 'answered' && outcome !== 'one_way';
  return (
    <section class="wire" aria-label="On the wire">
      <h3>On the wire</h3>
      <dl class="facts">
        <dt>Seen</dt>
        <dd>
          {observationPointWords(point)} <small class="missing">({point})</small>
        </dd>
        <dt>Between</dt>
        <dd class="mono">
          {side('client')} → {side('server')}
        </dd>
        <dt>Protocol</dt>
        <dd>
          {text('deepflow.protocol')} <small class="missing">over {text('network.transport')}</small>
        </dd>
        {outcome !== '' && <dt>Outcome</dt>}
        {outcome !== '' && (
          <dd class={missed ? 'bad' : ''}>
            {missed && '⚠ '}
            {outcomes[outcome] ?? outcome}
          </dd>
        )}
        <Message name="Request" size={text('deepflow.request.size')} sequence={text('deepflow.request.tcp_seq')} />
        <Message name="Response" size={text('deepflow.response.size')} sequence={text('deepflow.response.tcp_seq')} />
        {flowId !== '' && <dt>Connection</dt>}
        {flowId !== '' && (
          <dd>
            <a href={linkTo('/flows', { id: flowId, flow: flowId, from, to, f: '' })}>
              <code>{flowId}</code>
            </a>
          </dd>
        )}
      </dl>
    </section>
  );
}

function Message({ name, size, sequence }: { name: string; size: string; sequence: string }) {
  if (size === '' && sequence === '') return null;
  return (
    <>
      <dt>{name}</dt>
      <dd>
        {size !== '' && <span title={`${formatCount(Number(size))} bytes`}>{formatBytes(Number(size))}</span>}
        {sequence !== '' && (
          <small class="missing" title={`TCP sequence number of the ${name.toLowerCase()}’s first byte`}>
            {' '}
            at tcp seq {sequence}
          </small>
        )}
      </dd>
    </>
  );
}
