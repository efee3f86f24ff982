/** A list of any length of which only the visible rows exist; moved in by arrow keys, opened by enter. */
// biome-ignore-all lint/a11y/useSemanticElements: the rows of a real table cannot be placed by transform
// biome-ignore-all lint/a11y/useFocusableInteractive: the grid has the focus and names its active row
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

export interface VirtualListProps {
  count: number;
  /** Pixels; all rows are of one height. */
  rowHeight: number;
  label: string;
  row: (index: number) => ComponentChildren;
  /** Stable key of a row. */
  rowKey?: (index: number) => string | number;
  rowClass?: (index: number) => string;
  /** −1 for none. */
  selected: number;
  onSelect: (index: number) => void;
  onOpen?: (index: number) => void;
  onKey?: (event: KeyboardEvent) => void;
  /** Called when the last rows come into view. */
  onEnd?: () => void;
  /** Called with the first visible row and how many fit. */
  onView?: (first: number, visible: number) => void;
  /** Brings that row into view whenever it changes. */
  reveal?: number;
  class?: string;
}

const overscan = 8;
/** Browsers cannot lay out taller elements; beyond it, scrolling is scaled. */
const maxHeightPx = 8_000_000;

export function VirtualList(props: VirtualListProps) {
  const { count, rowHeight, selected } = props;
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(600);
  useLayoutEffect(() => {
    const element = box.current!;
    const observer = new ResizeObserver(() => setHeight(element.clientHeight));
    observer.observe(element);
    setHeight(element.clientHeight);
    return () => observer.disconnect();
  }, []);
  const fullHeight = count * rowHeight;
  const scale = Math.max(1, (fullHeight - height) / (Math.min(fullHeight, maxHeightPx) - height || 1));
  const visible = Math.ceil(height / rowHeight);
  const offset = top * scale;
  const first = Math.max(0, Math.min(count - 1, Math.floor(offset / rowHeight)));
  const from = Math.max(0, first - overscan);
  const to = Math.min(count, first + visible + overscan);

  const reveal = (index: number) => {
    const element = box.current;
    if (element === null || index < 0) return;
    const at = index * rowHeight;
    const now = element.scrollTop * scale;
    if (at < now) element.scrollTop = at / scale;
    else if (at + rowHeight > now + element.clientHeight) {
      element.scrollTop = (at + rowHeight - element.clientHeight) / scale;
    }
  };
  useEffect(() => reveal(props.reveal ?? -1), [props.reveal]);
  useEffect(() => {
    if (to >= count - 1 && count > 0) props.onEnd?.();
  }, [to, count]);
  useEffect(() => props.onView?.(first, visible), [first, visible]);

  const move = (index: number) => {
    const next = Math.max(0, Math.min(count - 1, index));
    props.onSelect(next);
    reveal(next);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const steps: Record<string, number> = {
      ArrowDown: selected + 1,
      ArrowUp: selected - 1,
      PageDown: selected + visible,
      PageUp: selected - visible,
      Home: 0,
      End: count - 1,
    };
    const next = steps[event.key];
    if (next !== undefined && count > 0) {
      event.preventDefault();
      move(next);
    } else if (event.key === 'Enter' && selected >= 0) {
      event.preventDefault();
      props.onOpen?.(selected);
    } else props.onKey?.(event);
  };

  const rows = [];
  for (let index = from; index < to; index++) {
    rows.push(
      // biome-ignore lint/a11y/useKeyWithClickEvents: the list takes the keys for all of its rows
      <div
        key={props.rowKey?.(index) ?? index}
        id={`row-${index}`}
        role="row"
        tabIndex={-1}
        aria-selected={index === selected}
        aria-rowindex={index + 1}
        class={`row ${props.rowClass?.(index) ?? ''}`}
        style={{ height: `${rowHeight}px`, transform: `translateY(${index * rowHeight - offset + top}px)` }}
        onClick={() => {
          props.onSelect(index);
          props.onOpen?.(index);
        }}
      >
        <div role="gridcell">{props.row(index)}</div>
      </div>,
    );
  }
  return (
    <div
      ref={box}
      class={`virtual ${props.class ?? ''}`}
      role="grid"
      aria-label={props.label}
      aria-rowcount={count}
      aria-activedescendant={selected >= from && selected < to ? `row-${selected}` : undefined}
      tabIndex={0}
      onKeyDown={onKeyDown}
      onScroll={(event) => setTop(event.currentTarget.scrollTop)}
    >
      <div class="virtual-space" role="presentation" style={{ height: `${Math.min(fullHeight, maxHeightPx)}px` }}>
        {rows}
      </div>
    </div>
  );
}
