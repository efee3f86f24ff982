/** One trace: who called whom, how long each step took, and everything about the selected span. */
import { useEffect, useLayoutEffect, useMemo, useState } from 'preact/hooks';
import { apiUrl, getJson } from '../../api/client.ts';
import type { TraceColumns } from '../../api/types.ts';
import { ErrorNotice } from '../../parts/notice.tsx';
import { onEscape } from '../../state/keys.ts';
import { refresh, refreshedAt } from '../../state/time-range.ts';
import { linkTo, open, param, path, setParams } from '../../state/url.ts';
import { useQuery } from '../../state/use-query.ts';
import { Minimap } from './minimap.tsx';
import { SpanPane } from './span-pane.tsx';
import { TraceHead } from './trace-head.tsx';
import { buildTree, type TraceTree } from './trace-tree.ts';
import { Waterfall } from './waterfall.tsx';

export function TracePage() {
  const traceId = path.value.slice('/trace/'.length);
  const url = apiUrl(`/traces/${encodeURIComponent(traceId)}`);
  const trace = useQuery(`${url} ${refreshedAt.value}`, async (signal) => {
    const columns = await getJson<TraceColumns>(url, signal);
    performance.mark('trace-received');
    return buildTree(columns);
  });
  // Before the first paint: the key may come with it.
  useLayoutEffect(
    () =>
      onEscape(() => {
        if (param('span') !== '') setParams({ span: '' }, 'replace');
        else open(linkTo('/traces'));
        return true;
      }),
    [],
  );
  if (trace.error !== undefined) {
    return (
      <div class="page">
        <ErrorNotice error={trace.error} retry={refresh} />
      </div>
    );
  }
  if (trace.data === undefined) {
    return (
      <div class="page trace">
        <div class="skeleton head" />
        <div class="skeleton list" role="status" aria-label="Loading" />
      </div>
    );
  }
  return <Trace tree={trace.data} />;
}

function Trace({ tree }: { tree: TraceTree }) {
  const [view, setView] = useState({ first: 0, visible: 0 });
  const [jump, setJump] = useState<number | undefined>(undefined);
  const spanId = param('span');
  const selected = useMemo(() => tree.columns.spanId.indexOf(spanId), [tree, spanId]);
  useEffect(() => {
    // For whoever measures: the rows are in the document, and the frame after the next one they are on the screen.
    const frame = requestAnimationFrame(() => performance.mark('trace-drawn'));
    return () => cancelAnimationFrame(frame);
  }, [tree]);
  return (
    <div class={selected >= 0 ? 'page trace with-pane' : 'page trace'}>
      <TraceHead tree={tree} />
      <Minimap tree={tree} view={view} onJump={setJump} />
      <Waterfall
        tree={tree}
        selected={selected}
        jump={jump}
        onView={(first, visible) => setView({ first, visible })}
        onSelect={(at) => setParams({ span: at < 0 ? '' : tree.columns.spanId[at]! }, 'replace')}
      />
      {selected >= 0 && <SpanPane tree={tree} at={selected} />}
    </div>
  );
}
