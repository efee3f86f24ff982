/** A time series chart: drag to choose a time range, hover to read values. */
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { formatClock, formatDay } from '../format/time.ts';
import { showBetween } from '../state/time-range.ts';

export interface ChartLine {
  label: string;
  color: string;
  values: (number | null)[];
  /** Dashes: a second mark besides the colour. */
  dash?: number[];
}

interface ChartProps {
  label: string;
  timesMs: number[];
  lines: ChartLine[];
  height: number;
  format: (value: number | null) => string;
  /** Bars, one on top of the other, instead of lines. */
  bars?: boolean;
}

export function Chart({ label, timesMs, lines, height, format, bars = false }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = box.current!;
    const style = getComputedStyle(element);
    const stacked = bars ? stack(lines) : lines;
    const options: uPlot.Options = {
      width: element.clientWidth,
      height,
      legend: { show: false },
      cursor: { drag: { x: true, y: false, setScale: false }, points: { size: 6 } },
      scales: { x: { time: true }, y: { range: (_, min, max) => [Math.min(0, min ?? 0), max > 0 ? max * 1.05 : 1] } },
      axes: [
        { ...axis(style), size: 26, values: timeTicks },
        { ...axis(style), size: widthOf, space: 28, values: (_, ticks) => ticks.map((tick) => format(tick)) },
      ],
      series: [{}, ...stacked.map((line) => seriesOf(line, bars))],
      hooks: {
        setSelect: [
          (plot) => {
            if (plot.select.width < 4) return;
            const at = (px: number) => plot.posToVal(px, 'x') * 1000;
            showBetween(at(plot.select.left), at(plot.select.left + plot.select.width));
          },
        ],
        setCursor: [(plot) => showTip(plot, tip, lines, format)],
      },
    };
    const data = [timesMs.map((ms) => ms / 1000), ...stacked.map((line) => line.values)] as uPlot.AlignedData;
    const plot = new uPlot(options, data, element);
    const tip = document.createElement('div');
    tip.className = 'chart-tip';
    tip.hidden = true;
    plot.over.append(tip);
    const observer = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.destroy();
    };
  }, [timesMs, lines, height, bars]);
  return <div ref={box} class="chart" role="img" aria-label={label} style={{ height: `${height}px` }} />;
}

function axis(style: CSSStyleDeclaration): uPlot.Axis {
  return {
    stroke: style.getPropertyValue('--muted'),
    grid: { stroke: style.getPropertyValue('--line'), width: 1 },
    ticks: { show: false },
    font: `11px ${style.fontFamily}`,
  };
}

/** Pixels that the longest label of an axis takes. */
function widthOf(_plot: uPlot, labels: string[] | null): number {
  return 18 + 6.4 * Math.max(4, ...(labels ?? []).map((label) => label.length));
}

/** Ticks of the time axis by how far they are apart, always on the 24-hour clock. */
function timeTicks(_plot: uPlot, ticks: number[], _axis: number, _space: number, stepSeconds: number): string[] {
  return ticks.map((tick) => {
    const clock = formatClock(tick * 1000);
    if (stepSeconds >= 86_400) return formatDay(tick * 1000).slice(5);
    if (clock === '00:00:00') return formatDay(tick * 1000).slice(5);
    return stepSeconds < 60 ? clock : clock.slice(0, 5);
  });
}

function seriesOf(line: ChartLine, bars: boolean): uPlot.Series {
  if (bars) {
    return {
      label: line.label,
      fill: line.color,
      stroke: line.color,
      width: 0,
      points: { show: false },
      paths: uPlot.paths.bars!({ size: [0.85, 100], align: 1 }),
    };
  }
  return {
    label: line.label,
    stroke: line.color,
    width: 1.5,
    ...(line.dash !== undefined && { dash: line.dash }),
    points: { show: line.values.filter((value) => value !== null).length < 3, size: 5 },
    spanGaps: false,
  };
}

/** Each line as the sum of itself and those after it, so that the first is drawn behind the others. */
function stack(lines: readonly ChartLine[]): ChartLine[] {
  return lines.map((line, from) => ({
    ...line,
    values: line.values.map((_, at) => lines.slice(from).reduce((sum, one) => sum + (one.values[at] ?? 0), 0)),
  }));
}

function showTip(plot: uPlot, tip: HTMLElement, lines: readonly ChartLine[], format: ChartProps['format']): void {
  const at = plot.cursor.idx;
  tip.hidden = at === null || at === undefined || (plot.cursor.left ?? -1) < 0;
  if (tip.hidden) return;
  const ms = plot.data[0][at!]! * 1000;
  const head = document.createElement('b');
  head.textContent = `${formatDay(ms)} ${formatClock(ms)}`;
  const rows = lines.slice(0, 12).map((line) => {
    const row = document.createElement('div');
    const mark = document.createElement('i');
    mark.style.background = line.color;
    row.append(
      mark,
      `${line.label} `,
      Object.assign(document.createElement('b'), { textContent: format(line.values[at!] ?? null) }),
    );
    return row;
  });
  tip.replaceChildren(head, ...rows);
  const left = plot.cursor.left!;
  tip.style.left = left > plot.over.clientWidth / 2 ? `${left - tip.offsetWidth - 12}px` : `${left + 12}px`;
  tip.style.top = '4px';
}
