/** All stored tables and views, in the order in which they can be created. */
import { logs, logViews } from './logs.ts';
import { exponentialHistograms, histograms, metricViews, samples, series, summaries } from './metrics.ts';
import { profiles } from './profiles.ts';
import type { Table, View } from './table.ts';
import { spans, traceRanges, traceViews } from './traces.ts';

export const tables: readonly Table[] = [
  spans,
  traceRanges,
  logs,
  series,
  samples,
  histograms,
  exponentialHistograms,
  summaries,
  profiles,
];

export const views: readonly View[] = [...traceViews, ...logViews, ...metricViews];
