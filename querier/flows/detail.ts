/** One flow: everything its records say, and how many calls of it are stored. */
import { flowColumnName } from '../../clickhouse/tables/flow-log.ts';
import { type FlowAttribute, flowAttributes } from '../../pdata/schema/flow-log.ts';
import { QueryError } from '../errors.ts';
import { Params } from '../store/params.ts';
import type { Store } from '../store/store.ts';

/** A fact of the flow with its unit; values are text. */
export interface FlowFact {
  key: string;
  value: string;
  unit: string;
  meaning: string;
}

export interface FlowDetail {
  flowId: string;
  facts: FlowFact[];
}

/** Rejects with NOT_FOUND when no record of it is stored. */
export async function flowDetail(store: Store, flowId: string, signal: AbortSignal): Promise<FlowDetail> {
  if (!/^[0-9a-f]{16}$/.test(flowId)) throw new QueryError('BAD_REQUEST', 'a flow id has 16 hex digits');
  const params = new Params();
  const told = flowAttributes.filter(({ kind }) => kind !== 'histogram');
  const [row] = await store.select<Record<string, string>>(
    `SELECT count() AS records, ${told.map((one) => `toString(${combined(one)}) AS v_${flowColumnName(one.key)}`).join(', ')}
     FROM ${store.database}.flow_log
     WHERE flow_id = ${params.add('String', flowId)}`,
    params,
    signal,
  );
  if (row === undefined || row.records === '0') {
    throw new QueryError('NOT_FOUND', `no record of flow ${flowId} is stored; it may be older than the retention`);
  }
  const facts = told.flatMap(({ key, unit, meaning }) => {
    const value = row[`v_${flowColumnName(key)}`]!;
    return nothing.has(value) ? [] : [{ key, value, unit, meaning }];
  });
  return { flowId, facts };
}

/** An attribute that a flow does not have reads so. */
const nothing = new Set(['', '0', 'false', '[]']);

/** SQL: how the records of a flow combine to one value. */
function combined({ key, kind, type }: FlowAttribute): string {
  const column = flowColumnName(key);
  const isTime = /_time$/.test(column);
  switch (kind) {
    case 'delta':
      return `sum(${column})`;
    case 'min':
      return `minIf(${column}, ${column} > 0)`;
    case 'max':
      return `max(${column})`;
    case 'or':
      return `groupBitOr(${column})`;
    case 'histogram':
      return `''`;
    case 'fact':
      if (type === 'bool') return `max(${column})`;
      return isTime ? `toUnixTimestamp64Nano(argMax(${column}, time))` : `argMax(${column}, time)`;
    default:
      return kind satisfies never;
  }
}
