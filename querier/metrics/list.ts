/** Lists metrics and their series from what was announced in the days of a range. */

import type { MetricType } from '../../clickhouse/tables/series.ts';
import { type Attribute, type Pairs, readAttributes, selectPairs } from '../attributes/typed.ts';
import type { TimeRange } from '../request.ts';
import { Params } from '../store/params.ts';
import type { Store } from '../store/store.ts';

export interface Metric {
  name: string;
  type: MetricType;
  unit: string;
  description: string;
  series: number;
  monotonic: boolean;
  /** 0 unspecified, 1 delta, 2 cumulative. */
  temporality: number;
}

/** SQL: series announced on a day of the range; a series is announced on each day that has points of it. */
export function announcedIn({ fromNs, toNs }: TimeRange, params: Params): string {
  // A day on either side: the day counts by when data was received.
  const from = params.add('Int64', String(fromNs / 1_000_000_000n - 86_400n));
  const to = params.add('Int64', String(toNs / 1_000_000_000n + 86_400n));
  return `received_date >= toDate(toDateTime(${from}), 'UTC') AND received_date <= toDate(toDateTime(${to}), 'UTC')`;
}

/** One row per name and type: the same name with another type is another metric. */
export async function listMetrics(store: Store, range: TimeRange, signal: AbortSignal): Promise<Metric[]> {
  const params = new Params();
  return store.select<Metric>(
    `SELECT
       metric_name AS name,
       type,
       any(unit) AS unit,
       any(description) AS description,
       toFloat64(uniq(id)) AS series,
       max(is_monotonic) AS monotonic,
       max(temporality) AS temporality
     FROM ${store.database}.series
     WHERE ${announcedIn(range, params)}
     GROUP BY metric_name, type
     ORDER BY name, type LIMIT 20000`,
    params,
    signal,
  );
}

export interface Series {
  id: string;
  service: string;
  attributes: Attribute[];
  resource: Attribute[];
}

export async function listSeries(
  store: Store,
  range: TimeRange,
  name: string,
  limit: number,
  signal: AbortSignal,
): Promise<Series[]> {
  const params = new Params();
  const rows = await store.select<{
    id: string;
    service: string;
    pairs: Pairs;
    types: string;
    resourcePairs: Pairs;
    resourceTypes: string;
  }>(
    `SELECT
       id,
       service_name AS service,
       ${selectPairs('attributes')} AS pairs,
       attribute_types AS types,
       ${selectPairs('resource_attributes')} AS resourcePairs,
       resource_attribute_types AS resourceTypes
     FROM ${store.database}.series
     WHERE metric_name = ${params.add('String', name)} AND ${announcedIn(range, params)}
     ORDER BY service, id
     LIMIT 1 BY id
     LIMIT ${params.add('UInt32', limit)}`,
    params,
    signal,
  );
  return rows.map((row) => ({
    id: row.id,
    service: row.service,
    attributes: readAttributes(row.pairs, row.types),
    resource: readAttributes(row.resourcePairs, row.resourceTypes),
  }));
}
