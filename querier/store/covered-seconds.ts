/** How much of a time range there is data for: rates are of that time, so that a store younger than the range does not show everything as rare. */
import type { TimeRange } from '../request.ts';
import type { Params } from './params.ts';

/** One call a moment ago is not sixty a minute. */
const leastSeconds = 60;

/**
 * SQL: seconds from the first row of `table` within the range to the range's end. `column` is its time, `within` the condition that
 * rows are in the range, whatever their service.
 */
export function coveredSeconds(
  { table, column, within }: { table: string; column: string; within: string },
  { fromNs, toNs }: TimeRange,
  params: Params,
): string {
  const range = params.add('Float64', Number(toNs - fromNs) / 1e9);
  const end = params.add('Float64', Number(toNs) / 1e9);
  return `least(${range}, greatest(${leastSeconds}, ${end} - (SELECT toFloat64(min(${column})) FROM ${table} WHERE ${within})))`;
}
