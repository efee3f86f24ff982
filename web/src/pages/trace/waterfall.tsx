/** The waterfall: a row per span with its place in the tree and its bar in time; only visible rows exist. */
import { useMemo, useState } from 'preact/hooks';
import { formatDuration } from '../../format/duration.ts';
import { VirtualList } from '../../parts/virtual-list.tsx';
import { SpanRow } from './span-row.tsx';
import { type TraceTree, visibleRows } from './trace-tree.ts';

const rowHeight = 24;

interface WaterfallProps {
  tree: TraceTree;
  /** Index of the selected span, −1 for none. */
  selected: number;
  /** Row of the whole tree to bring into view. */
  jump: number | undefined;
  onSelect: (at: number) => void;
  onView: (first: number, visible: number) => void;
}

export function Waterfall({ tree, selected, jump, onSelect, onView }: WaterfallProps) {
  const [collapsed, setCollapsed] = useState<ReadonlySet<number>>(new Set());
  const rows = useMemo(() => visibleRows(tree, collapsed), [tree, collapsed]);
  const selectedRow = useMemo(() => (selected < 0 ? -1 : rows.indexOf(selected)), [rows, selected]);
  const toggle = (at: number, close = !collapsed.has(at)) => {
    const next = new Set(collapsed);
    if (close) next.add(at);
    else next.delete(at);
    setCollapsed(next);
  };
  const onKey = (event: KeyboardEvent) => {
    if (selected < 0) return;
    if (event.key === 'ArrowLeft') {
      if (tree.below[selected]! > 0 && !collapsed.has(selected)) toggle(selected, true);
      else onSelect(parentOf(tree, rows, selectedRow));
    } else if (event.key === 'ArrowRight') toggle(selected, false);
    else return;
    event.preventDefault();
  };
  return (
    <section class="waterfall" aria-label="Spans">
      <div class="ruler" aria-hidden="true">
        <span class="tools">
          <button type="button" tabIndex={-1} onClick={() => setCollapsed(new Set())}>
            Expand all
          </button>
          <button type="button" tabIndex={-1} onClick={() => setCollapsed(allParents(tree))}>
            Collapse all
          </button>
        </span>
        <span class="ticks">
          {[0, 0.25, 0.5, 0.75, 1].map((share) => (
            <i key={share} style={{ left: `${share * 100}%` }}>
              {formatDuration(tree.durationNs * share)}
            </i>
          ))}
        </span>
      </div>
      <VirtualList
        class="span-list"
        label="Spans of the trace"
        count={rows.length}
        rowHeight={rowHeight}
        selected={selectedRow}
        reveal={jump ?? selectedRow}
        onSelect={(row) => onSelect(rows[row]!)}
        onKey={onKey}
        onView={onView}
        rowKey={(row) => rows[row]!}
        row={(row) => {
          const at = rows[row]!;
          return <SpanRow tree={tree} at={at} collapsed={collapsed.has(at)} onToggle={toggle} />;
        }}
      />
    </section>
  );
}

/** The nearest row above that is less deep. */
function parentOf(tree: TraceTree, rows: Int32Array, row: number): number {
  const depth = tree.depth[rows[row]!]!;
  for (let above = row - 1; above >= 0; above--) if (tree.depth[rows[above]!]! < depth) return rows[above]!;
  return rows[row]!;
}

function allParents(tree: TraceTree): Set<number> {
  const parents = new Set<number>();
  for (let at = 0; at < tree.below.length; at++) if (tree.below[at]! > 0) parents.add(at);
  return parents;
}
