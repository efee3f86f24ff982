/** Names and values of tags, which fill the drop-downs of Tempo's search form. */
import { QueryError } from '../errors.ts';
import { readLimit, readTimeRange } from '../request.ts';
import { type Answer, json, type RouteRequest } from '../route.ts';
import { Params } from '../store/params.ts';
import { resolveField } from '../traceql/fields.ts';
import type { Field } from '../traces/predicate.ts';
import { spanKinds, statusCodes } from '../traces/predicate.ts';
import { spansBetween } from '../traces/search.ts';

const dayMs = 86_400_000;
/** Newest spans whose attributes are looked at: enough to know the names, cheap at any size of store. */
const sampleSpans = 200_000;
const intrinsicNames = ['duration', 'kind', 'name', 'status', 'statusMessage'];

export async function tagNames(request: RouteRequest): Promise<Answer> {
  const { span, resource } = await attributeNames(request);
  return json({ tagNames: [...new Set([...resource, ...span])].sort() });
}

export async function tagNamesV2(request: RouteRequest): Promise<Answer> {
  const wanted = request.query.get('scope') ?? '';
  const { span, resource } = await attributeNames(request);
  const scopes = [
    { name: 'resource', tags: resource },
    { name: 'span', tags: span },
    { name: 'intrinsic', tags: intrinsicNames },
  ];
  return json({ scopes: scopes.filter(({ name }) => wanted === '' || wanted === 'none' || wanted === name) });
}

export async function tagValues(request: RouteRequest): Promise<Answer> {
  const tag = request.path.tag!;
  const known = fixedValues(tag);
  const field: Field =
    tag === 'name' ? { kind: 'intrinsic', name: 'name' } : { kind: 'attribute', scope: 'any', key: tag };
  return json({ tagValues: known ?? (await valuesOf(request, field)).map(({ value }) => value) });
}

export async function tagValuesV2(request: RouteRequest): Promise<Answer> {
  const tag = request.path.tag!;
  const known = fixedValues(tag);
  if (known !== undefined) return json({ tagValues: known.map((value) => ({ type: 'keyword', value })) });
  const values = await valuesOf(request, resolveField(tag));
  return json({ tagValues: values.map(({ type, value }) => ({ type: typeNames[type] ?? 'string', value })) });
}

const typeNames: Readonly<Record<string, string>> = { i: 'int', d: 'float', b: 'bool' };

function fixedValues(tag: string): string[] | undefined {
  if (tag === 'status' || tag === 'span:status') return Object.keys(statusCodes).sort();
  if (tag === 'kind' || tag === 'span:kind') return Object.keys(spanKinds).sort();
  return undefined;
}

async function attributeNames(request: RouteRequest): Promise<{ span: string[]; resource: string[] }> {
  const { store, signal } = request;
  const params = new Params();
  const range = readTimeRange(request.query, 's', request.nowMs, dayMs);
  const rows = await store.select<{ span: string[]; resource: string[] }>(
    `SELECT
       arraySort(groupUniqArrayArray(1000)(mapKeys(attributes))) AS span,
       arraySort(groupUniqArrayArray(1000)(mapKeys(resource_attributes))) AS resource
     FROM (
       SELECT attributes, resource_attributes FROM ${store.database}.spans
       WHERE ${spansBetween(range, params)}
       ORDER BY toStartOfFiveMinutes(start_time) DESC LIMIT ${sampleSpans}
     )`,
    params,
    signal,
  );
  return rows[0] ?? { span: [], resource: [] };
}

async function valuesOf(request: RouteRequest, field: Field): Promise<{ type: string; value: string }[]> {
  const { store, signal } = request;
  const params = new Params();
  const range = readTimeRange(request.query, 's', request.nowMs, dayMs);
  const { value, type, present } = fieldSql(field, params);
  return store.select(
    `SELECT any(${type}) AS type, ${value} AS value
     FROM ${store.database}.spans
     WHERE ${spansBetween(range, params)} AND ${present}
     GROUP BY value
     ORDER BY count() DESC, value
     LIMIT ${params.add('UInt32', readLimit(request.query, 'limit', 1000, 10_000))}`,
    params,
    signal,
  );
}

function fieldSql(field: Field, params: Params): { value: string; type: string; present: string } {
  if (field.kind === 'intrinsic') {
    if (field.name === 'name') return { value: 'name', type: "'s'", present: "name != ''" };
    if (field.name === 'service') return { value: 'service_name', type: "'s'", present: "service_name != ''" };
    throw new QueryError('UNSUPPORTED', `The values of "${field.name}" are too many to list.`);
  }
  const key = params.add('String', field.key);
  const typeIn = (map: string, types: string) => `substring(${types}, indexOf(mapKeys(${map}), ${key}), 1)`;
  const ofSpan = {
    value: `attributes[${key}]`,
    type: typeIn('attributes', 'attribute_types'),
    present: `mapContains(attributes, ${key})`,
  };
  const ofResource = {
    value: `resource_attributes[${key}]`,
    type: typeIn('resource_attributes', 'resource_attribute_types'),
    present: `mapContains(resource_attributes, ${key})`,
  };
  switch (field.scope) {
    case 'span':
      return ofSpan;
    case 'resource':
      return ofResource;
    case 'any':
      return {
        value: `if(${ofSpan.present}, ${ofSpan.value}, ${ofResource.value})`,
        type: `if(${ofSpan.present}, ${ofSpan.type}, ${ofResource.type})`,
        present: `(${ofSpan.present} OR ${ofResource.present})`,
      };
    default:
      throw field.scope satisfies never;
  }
}
