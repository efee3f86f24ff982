/** One row of the waterfall. */
import { formatDuration } from '../../format/duration.ts';
import { formatCount } from '../../format/number.ts';
import { serviceColor } from '../../parts/service-color.ts';
import type { TraceTree } from './trace-tree.ts';

const indentPx = 12;
/** Deeper spans are no longer moved to the right: their names would leave the column. */
const maxIndent = 16;

interface SpanRowProps {
  tree: TraceTree;
  at: number;
  collapsed: boolean;
  onToggle: (at: number) => void;
}

export function SpanRow({ tree, at, collapsed, onToggle }: SpanRowProps) {
  const { columns } = tree;
  const service = columns.strings[columns.service[at]!]!;
  const name = columns.strings[columns.name[at]!]!;
  const failed = columns.status[at] === 2;
  const below = tree.below[at]!;
  const total = tree.durationNs || 1;
  const left = (columns.offsetNs[at]! / total) * 100;
  const width = (columns.durationNs[at]! / total) * 100;
  return (
    <div class="span-row">
      <span class="span-name" style={{ paddingLeft: `${4 + Math.min(tree.depth[at]!, maxIndent) * indentPx}px` }}>
        {below === 0 ? (
          <span class="toggle" />
        ) : (
          <button
            type="button"
            class="plain toggle"
            tabIndex={-1}
            aria-label={collapsed ? 'Expand' : 'Collapse'}
            onClick={(event) => {
              event.stopPropagation();
              onToggle(at);
            }}
          >
            {collapsed ? '▸' : '▾'}
          </button>
        )}
        <i style={{ background: serviceColor(service) }} />
        <span class="name" title={`${service}: ${name}`}>
          <b>{service}</b> {name}
        </span>
        {collapsed && <small>+{formatCount(below)}</small>}
        {tree.orphan[at] === 1 && <em title="The parent of this span is not in the store">no parent</em>}
        {failed && (
          <span class="bad" title="status: error">
            ⚠ error
          </span>
        )}
      </span>
      <span class="span-bar">
        <i
          class={failed ? 'failed' : ''}
          style={{ left: `${left}%`, width: `max(2px, ${width}%)`, background: serviceColor(service) }}
        />
        <small style={{ left: `calc(${left + width}% + 6px)` }}>{formatDuration(columns.durationNs[at]!)}</small>
      </span>
    </div>
  );
}
