/** Writes a predicate as a SQL condition over the columns of `spans`. */
import { hexOrEmpty } from '../../clickhouse/tables/sql.ts';
import { attributeCondition, textCondition } from '../attributes/filter-sql.ts';
import { QueryError } from '../errors.ts';
import type { Params } from '../store/params.ts';
import type { Intrinsic, Literal, Operator, Predicate } from './predicate.ts';

/** Values are bound through `params`; only column names and operators become text. */
export function predicateSql(predicate: Predicate, params: Params): string {
  switch (predicate.kind) {
    case 'and':
    case 'or': {
      if (predicate.parts.length === 0) return predicate.kind === 'and' ? '1' : '0';
      const parts = predicate.parts.map((part) => predicateSql(part, params));
      return `(${parts.join(predicate.kind === 'and' ? ' AND ' : ' OR ')})`;
    }
    case 'not':
      return `NOT (${predicateSql(predicate.part, params)})`;
    case 'compare': {
      const { field, operator, value } = predicate;
      if (field.kind === 'attribute') return attributeCondition(field.scope, field.key, operator, value, params);
      return intrinsicCondition(field.name, operator, value, params);
    }
    default:
      throw predicate satisfies never;
  }
}

type Column = { sql: string; type: 'text' | 'number' };

const columns: Readonly<Record<Intrinsic, Column>> = {
  name: { sql: 'name', type: 'text' },
  duration: { sql: 'duration_ns', type: 'number' },
  status: { sql: 'status_code', type: 'number' },
  status_message: { sql: 'status_message', type: 'text' },
  kind: { sql: 'kind', type: 'number' },
  service: { sql: 'service_name', type: 'text' },
  trace_id: { sql: hexOrEmpty('trace_id'), type: 'text' },
  span_id: { sql: hexOrEmpty('span_id'), type: 'text' },
  parent_id: { sql: hexOrEmpty('parent_span_id'), type: 'text' },
  scope_name: { sql: 'scope_name', type: 'text' },
};

function intrinsicCondition(name: Intrinsic, operator: Operator, value: Literal, params: Params): string {
  const column = columns[name];
  if (column.type === 'text' && value.kind === 'string') {
    return textCondition(column.sql, operator, value.value, params);
  }
  if (column.type === 'number' && value.kind === 'number' && operator !== '=~' && operator !== '!~') {
    return `${column.sql} ${operator} ${params.add('Float64', value.value)}`;
  }
  const wanted =
    name === 'duration' ? 'a duration such as 100ms' : column.type === 'text' ? 'text in quotes' : 'a name';
  throw new QueryError('BAD_REQUEST', `${name} ${operator}: compare it with ${wanted}`);
}
