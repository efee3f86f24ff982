/** Parsed JSON, and the one place where OTLP JSON differs from protobuf's: ids. */

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** OTLP JSON as protobuf's JSON mapping has it. */
export function idsToBase64(json: Json): Json {
  return mapIds(json, (text) => Buffer.from(text, 'hex').toString('base64'));
}

/** Protobuf's JSON mapping as OTLP JSON has it; minus zero is a string, because JSON.stringify drops its sign. */
export function idsToHex(json: Json): Json {
  return mapIds(json, (text) => Buffer.from(text, 'base64').toString('hex').toUpperCase());
}

const idNames = new Set(['traceId', 'spanId', 'parentSpanId']);

function mapIds(json: Json, map: (text: string) => string): Json {
  if (Object.is(json, -0)) return '-0';
  if (Array.isArray(json)) return json.map((element) => mapIds(element, map));
  if (json === null || typeof json !== 'object') return json;
  return Object.fromEntries(
    Object.entries(json).map(([name, value]) => [
      name,
      idNames.has(name) && typeof value === 'string' ? map(value) : mapIds(value, map),
    ]),
  );
}
