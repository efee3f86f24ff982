/** Orders the spans of a trace as a tree, whatever the data: orphans, loops and ids that occur twice included. */
import type { TraceColumns } from '../../api/types.ts';
import { nsTextToMs } from '../../format/time.ts';

export interface TraceTree {
  columns: TraceColumns;
  /** Spans in the order of drawing: each span before its children, siblings by start. Indexes into the columns. */
  order: Int32Array;
  /** Nesting of a span, by index. */
  depth: Int32Array;
  /** Spans below a span, by index. */
  below: Int32Array;
  /** 1 where a span names a parent that is not here. */
  orphan: Uint8Array;
  /** Nanoseconds from the start of the first span to the end of the last. */
  durationNs: number;
  /** Services with how many spans and errors they have, largest first. */
  services: { name: string; spans: number; errors: number }[];
  errors: number;
}

export function buildTree(columns: TraceColumns): TraceTree {
  const count = columns.spanId.length;
  const byId = new Map<string, number>();
  for (let at = 0; at < count; at++) if (!byId.has(columns.spanId[at]!)) byId.set(columns.spanId[at]!, at);

  // Children as linked lists: built backwards so that each list is in the order of start.
  const firstChild = new Int32Array(count).fill(-1);
  const nextSibling = new Int32Array(count).fill(-1);
  const orphan = new Uint8Array(count);
  const roots: number[] = [];
  for (let at = count - 1; at >= 0; at--) {
    const parentId = columns.parentSpanId[at]!;
    const parent = parentId === '' ? undefined : byId.get(parentId);
    if (parent === undefined || parent === at) {
      if (parentId !== '') orphan[at] = 1;
      roots.push(at);
    } else {
      nextSibling[at] = firstChild[parent]!;
      firstChild[parent] = at;
    }
  }
  roots.reverse();

  const order = new Int32Array(count);
  const depth = new Int32Array(count);
  const below = new Int32Array(count);
  const seen = new Uint8Array(count);
  let length = 0;
  const walk = (root: number) => {
    const stack: number[] = [root];
    depth[root] = 0;
    while (stack.length > 0) {
      const at = stack.pop()!;
      if (seen[at] === 1) continue;
      seen[at] = 1;
      order[length++] = at;
      const children: number[] = [];
      for (let child = firstChild[at]!; child !== -1; child = nextSibling[child]!) children.push(child);
      for (let child = children.length - 1; child >= 0; child--) {
        if (seen[children[child]!] === 1) continue;
        depth[children[child]!] = depth[at]! + 1;
        stack.push(children[child]!);
      }
    }
  };
  for (const root of roots) walk(root);
  // Spans that are each other's parents hang on no root.
  for (let at = 0; at < count; at++) if (seen[at] === 0) walk(at);

  // A span's descendants follow it in `order` until the depth falls back; `open` has the places of ancestors.
  const open: number[] = [];
  for (let place = 0; place <= count; place++) {
    const here = place === count ? -1 : depth[order[place]!]!;
    while (open.length > 0 && depth[order[open.at(-1)!]!]! >= here) {
      const ancestor = open.pop()!;
      below[order[ancestor]!] = place - ancestor - 1;
    }
    open.push(place);
  }
  return { columns, order, depth, below, orphan, ...summarize(columns) };
}

function summarize(columns: TraceColumns): Pick<TraceTree, 'durationNs' | 'services' | 'errors'> {
  const services = new Map<number, { name: string; spans: number; errors: number }>();
  let durationNs = 0;
  let errors = 0;
  for (let at = 0; at < columns.spanId.length; at++) {
    durationNs = Math.max(durationNs, columns.offsetNs[at]! + columns.durationNs[at]!);
    const key = columns.service[at]!;
    let service = services.get(key);
    if (service === undefined) {
      service = { name: columns.strings[key]!, spans: 0, errors: 0 };
      services.set(key, service);
    }
    service.spans++;
    if (columns.status[at] === 2) {
      service.errors++;
      errors++;
    }
  }
  return { durationNs, errors, services: [...services.values()].sort((a, b) => b.spans - a.spans) };
}

/** URL parameters of a time range in which everything about the trace lies: logs may come a little later. */
export function around(tree: TraceTree): { from: string; to: string } {
  const startMs = nsTextToMs(tree.columns.startNs);
  const marginMs = 600_000;
  return {
    from: String(Math.floor(startMs - marginMs)),
    to: String(Math.ceil(startMs + tree.durationNs / 1e6 + marginMs)),
  };
}

/** The rows that are shown when the spans of `collapsed` hide what is below them. */
export function visibleRows(tree: TraceTree, collapsed: ReadonlySet<number>): Int32Array {
  if (collapsed.size === 0) return tree.order;
  const rows = new Int32Array(tree.order.length);
  let length = 0;
  for (let place = 0; place < tree.order.length; place++) {
    const at = tree.order[place]!;
    rows[length++] = at;
    if (collapsed.has(at)) place += tree.below[at]!;
  }
  return rows.subarray(0, length);
}
