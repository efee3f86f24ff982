/** Rows of the metric tables: data points with the id of their series, and the series that are new. */
import type { AttributeTable } from '../../pdata/otlp/attributes.ts';
import type {
  ExponentialPointTable,
  HistogramPointTable,
  MetricColumns,
  NumberPointTable,
  SummaryPointTable,
} from '../../pdata/otlp/metrics.gen.ts';
import type { KnownSeries } from './known-series.ts';
import { createRows, type Rows } from './rows.ts';
import { metricHashes, seriesIds } from './series-id.ts';

/** What the four kinds of data points have in common. */
interface PointTable {
  rows: number;
  metric: Uint32Array;
  startTimeUnixNano: Uint32Array;
  timeUnixNano: Uint32Array;
  flags: Uint32Array;
  attributesStart: Uint32Array;
}

interface ExemplarTable {
  rows: number;
  timeUnixNano: Uint32Array;
  valueCase: Uint8Array;
  value: Uint32Array;
  spanId: Uint32Array;
  traceId: Uint32Array;
  filteredAttributesStart: Uint32Array;
}

/** Exemplars of a table of points: whose they are, and their attributes. */
export interface Exemplars {
  start: Uint32Array;
  table: ExemplarTable;
  attributes: AttributeTable;
}

export interface PointRows<Points extends PointTable = PointTable> {
  count: number;
  receivedDay: number;
  columns: MetricColumns;
  points: Points;
  attributes: AttributeTable;
  /** Id of each point's series, low and high word. */
  seriesId: Uint32Array;
}

export interface PointRowsWithExemplars<Points extends PointTable = PointTable> extends PointRows<Points> {
  exemplars: Exemplars;
}

export interface MetricRows {
  numbers: PointRowsWithExemplars<NumberPointTable>;
  histograms: PointRowsWithExemplars<HistogramPointTable>;
  exponentials: PointRowsWithExemplars<ExponentialPointTable>;
  summaries: PointRows<SummaryPointTable>;
}

/** Series to announce; row r is described by the point `pointOf[r]` and the metric `metricOf[r]`. */
export interface SeriesRows extends Rows<MetricColumns> {
  id: Uint32Array;
  metricOf: Uint32Array;
  pointOf: Uint32Array;
  attributes: AttributeTable;
  attributesStart: Uint32Array;
}

export function metricRows(columns: MetricColumns, receivedDay: number): MetricRows {
  const hashes = metricHashes(columns);
  const rows = <Points extends PointTable>(points: Points, attributes: AttributeTable): PointRows<Points> => ({
    count: points.rows,
    receivedDay,
    columns,
    points,
    attributes,
    seriesId: seriesIds(columns.arena, hashes, points.metric, attributes, points.attributesStart, points.rows),
  });
  return {
    numbers: {
      ...rows(columns.numberPoints, columns.numberPointAttributes),
      exemplars: {
        start: columns.numberPoints.numberExemplarsStart,
        table: columns.numberExemplars,
        attributes: columns.numberExemplarFilteredAttributes,
      },
    },
    histograms: {
      ...rows(columns.histogramPoints, columns.histogramPointAttributes),
      exemplars: {
        start: columns.histogramPoints.histogramExemplarsStart,
        table: columns.histogramExemplars,
        attributes: columns.histogramExemplarFilteredAttributes,
      },
    },
    exponentials: {
      ...rows(columns.exponentialPoints, columns.exponentialPointAttributes),
      exemplars: {
        start: columns.exponentialPoints.exponentialExemplarsStart,
        table: columns.exponentialExemplars,
        attributes: columns.exponentialExemplarFilteredAttributes,
      },
    },
    summaries: rows(columns.summaryPoints, columns.summaryPointAttributes),
  };
}

/** The series of these points that `known` has not seen today. */
export function newSeriesRows(rows: PointRows, known: KnownSeries): SeriesRows {
  const { columns, receivedDay, points, seriesId } = rows;
  const pointOf = known.addNew(seriesId, receivedDay);
  const count = pointOf.length;
  const metricOf = new Uint32Array(count);
  const scopeOf = new Uint32Array(count);
  const id = new Uint32Array(2 * count);
  for (let row = 0; row < count; row++) {
    const point = pointOf[row]!;
    metricOf[row] = points.metric[point]!;
    scopeOf[row] = columns.metrics.scope[metricOf[row]!]!;
    id[2 * row] = seriesId[2 * point]!;
    id[2 * row + 1] = seriesId[2 * point + 1]!;
  }
  const { attributes } = rows;
  const { attributesStart } = points;
  return {
    ...createRows(columns, scopeOf, count, receivedDay),
    id,
    metricOf,
    pointOf,
    attributes,
    attributesStart,
  };
}
