/** SQL conditions on attributes; spans, logs and series name their columns alike. */
import type { Params } from '../store/params.ts';
import type { AttributeScope, Literal, Operator } from '../traces/predicate.ts';

/** A condition that is never NULL, so that it can be negated. Keys and values are bound, not written. */
export function attributeCondition(
  scope: AttributeScope,
  key: string,
  operator: Operator,
  value: Literal,
  params: Params,
): string {
  if (key === 'service.name' && scope !== 'span' && value.kind === 'string') {
    return textCondition('service_name', operator, value.value, params);
  }
  const name = params.add('String', key);
  switch (scope) {
    case 'span':
      return mapCondition('attributes', name, operator, value, params);
    case 'resource':
      return mapCondition('resource_attributes', name, operator, value, params);
    case 'any': {
      const own = mapCondition('attributes', name, operator, value, params);
      const inherited = mapCondition('resource_attributes', name, operator, value, params);
      if (value.kind === 'nil') return operator === '=' ? `(${own} AND ${inherited})` : `(${own} OR ${inherited})`;
      return `(${own} OR (NOT mapContains(attributes, ${name}) AND ${inherited}))`;
    }
    default:
      throw scope satisfies never;
  }
}

function mapCondition(map: string, name: string, operator: Operator, value: Literal, params: Params): string {
  const present = `mapContains(${map}, ${name})`;
  if (value.kind === 'nil') return operator === '=' ? `NOT ${present}` : present;
  return `(${present} AND ${valueCondition(`${map}[${name}]`, operator, value, params)})`;
}

/** Compares stored text with a literal; numbers compare as numbers. */
function valueCondition(
  text: string,
  operator: Operator,
  value: Exclude<Literal, { kind: 'nil' }>,
  params: Params,
): string {
  switch (value.kind) {
    case 'string':
      return textCondition(text, operator, value.value, params);
    case 'boolean':
      return textCondition(text, operator, String(value.value), params);
    case 'number':
      return `ifNull(toFloat64OrNull(${text}) ${operator} ${params.add('Float64', value.value)}, 0)`;
    default:
      throw value satisfies never;
  }
}

/** Regular expressions match the whole text, as in TraceQL and PromQL. */
export function textCondition(text: string, operator: Operator, value: string, params: Params): string {
  if (operator === '=~' || operator === '!~') {
    const matches = `match(${text}, ${params.add('String', `^(?:${value})$`)})`;
    return operator === '=~' ? matches : `NOT ${matches}`;
  }
  return `${text} ${operator} ${params.add('String', value)}`;
}
