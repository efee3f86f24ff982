/** All tables and views, in the order in which they can be created. */
import { flowLog } from './flow-log.ts';
import { logs, logViews } from './logs.ts';
import { metricViews } from './metric-views.ts';
import { exponentialHistograms, histograms, samples, summaries } from './metrics.ts';
import { profileSamples } from './profiles.ts';
import { redTables } from './red.ts';
import { series } from './series.ts';
import type { Table, View } from './table.ts';
import { traceViews } from './trace-views.ts';
import { spans, traceRanges } from './traces.ts';

export const tables: readonly Table[] = [
  spans,
  traceRanges,
  logs,
  series,
  samples,
  histograms,
  exponentialHistograms,
  summaries,
  profileSamples,
  flowLog,
  ...redTables,
];

export const views: readonly View[] = [...traceViews, ...logViews, ...metricViews];
