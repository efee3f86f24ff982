/** The whole trace in a few pixels, with the part that is on screen; a click goes there. */
import { useEffect, useRef } from 'preact/hooks';
import { serviceColor } from '../../parts/service-color.ts';
import type { TraceTree } from './trace-tree.ts';

const heightPx = 48;

interface MinimapProps {
  tree: TraceTree;
  /** Rows on screen. */
  view: { first: number; visible: number };
  /** Called with the row to show. */
  onJump: (row: number) => void;
}

export function Minimap({ tree, view, onJump }: MinimapProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const rows = tree.order.length;
  useEffect(() => {
    const element = canvas.current!;
    const draw = () => drawSpans(element, tree);
    draw();
    const observer = new ResizeObserver(draw);
    observer.observe(element);
    return () => observer.disconnect();
  }, [tree]);
  const goTo = (event: MouseEvent) => {
    const box = canvas.current!.getBoundingClientRect();
    const row = Math.floor(((event.clientY - box.top) / box.height) * rows);
    onJump(Math.max(0, Math.min(rows - 1, row)));
  };
  const top = (view.first / Math.max(1, rows)) * 100;
  const share = Math.min(100 - top, (view.visible / Math.max(1, rows)) * 100);
  return (
    // The list below is what keyboards and screen readers use; this is a picture of it.
    <div
      class="minimap"
      aria-hidden="true"
      onClick={goTo}
      onPointerMove={(event) => event.buttons === 1 && goTo(event)}
    >
      <canvas ref={canvas} />
      {rows > view.visible && <i style={{ top: `${top}%`, height: `${share}%` }} />}
    </div>
  );
}

function drawSpans(canvas: HTMLCanvasElement, tree: TraceTree): void {
  const ratio = window.devicePixelRatio;
  const width = Math.max(1, Math.round(canvas.clientWidth * ratio));
  const height = Math.round(heightPx * ratio);
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d')!;
  const { columns, order, durationNs } = tree;
  const perRow = height / Math.max(1, order.length);
  const barHeight = Math.max(ratio, Math.min(perRow * 0.8, 4 * ratio));
  const colors = columns.strings.map(serviceColor);
  for (let row = 0; row < order.length; row++) {
    const at = order[row]!;
    context.fillStyle = columns.status[at] === 2 ? '#d13438' : colors[columns.service[at]!]!;
    const x = (columns.offsetNs[at]! / (durationNs || 1)) * width;
    const w = Math.max(ratio, (columns.durationNs[at]! / (durationNs || 1)) * width);
    context.fillRect(x, row * perRow, w, barHeight);
  }
}
