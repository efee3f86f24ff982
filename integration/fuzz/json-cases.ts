/** JSON texts, right and wrong, and what must hold of each. */
import { Batch, type Signal } from '../../pdata/batch.ts';
import { MalformedOtlp } from '../../pdata/errors.ts';
import { jsonToWire, wireToJson } from '../../pdata/otlp/json.ts';
import { requests } from './descriptors.ts';
import type { Json } from './json-value.ts';
import { mutateBytes } from './mutate.ts';
import { Difference, type Verdict } from './properties.ts';
import type { Random } from './random.ts';
import { readMeaning } from './reference.ts';

/** The JSON of two valid messages, spoiled: some values exchanged, then in half of the cases some bytes. */
export function spoiledJson(random: Random, signal: Signal, message: Uint8Array, other: Uint8Array): Uint8Array {
  const json: Json = JSON.parse(wireToJson(signal, message));
  const otherText = Buffer.from(wireToJson(signal, other));
  for (let i = random.below(3); i > 0; i--) exchange(random, json);
  let bytes: Uint8Array = Buffer.from(random.oneIn(6) ? JSON.stringify(json, null, 1) : JSON.stringify(json));
  if (random.oneIn(2)) for (let i = 1 + random.below(2); i > 0; i--) bytes = mutateBytes(random, bytes, otherText);
  return bytes;
}

/** Checks one text; throws {@link Difference}. */
export function checkJsonText(signal: Signal, text: Uint8Array): Verdict {
  let wire: Uint8Array;
  try {
    wire = jsonToWire(signal, text);
  } catch (error) {
    if (!(error instanceof MalformedOtlp)) throw error;
    if (error.message.startsWith('JSON: ') && !error.message.includes('deeper') && isJson(text)) {
      throw new Difference(`JSON.parse accepts it, but: ${error.message}`);
    }
    return 'refused';
  }
  if (!isJson(text)) throw new Difference('accepted, but JSON.parse refuses it');
  const root = requests[signal];
  const { jsonText } = readMeaning(root, wire);
  Batch.fromWire(signal, wire);
  const again = readMeaning(root, jsonToWire(signal, Buffer.from(wireToJson(signal, wire)))).jsonText;
  if (again !== jsonText) throw new Difference(`written and read again:\n  ${again}\n  instead of ${jsonText}`);
  return 'accepted';
}

function isJson(text: Uint8Array): boolean {
  try {
    JSON.parse(new TextDecoder().decode(text));
    return true;
  } catch {
    return false;
  }
}

/** Puts something else in the place of one value. */
function exchange(random: Random, json: Json): void {
  const places: [holder: Json[] | { [name: string]: Json }, key: string][] = [];
  const visit = (value: Json): void => {
    if (value === null || typeof value !== 'object') return;
    for (const [key, inner] of Object.entries(value)) {
      places.push([value as { [name: string]: Json }, key]);
      visit(inner);
    }
  };
  visit(json);
  if (places.length === 0) return;
  const [holder, key] = random.pick(places);
  (holder as { [name: string]: Json })[key] = random.oneIn(4)
    ? random.pick(places)[1]
    : structuredClone(random.pick(replacements));
}

const replacements: readonly Json[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e300,
  2 ** 60,
  '',
  '0',
  '-9223372036854775808',
  '18446744073709551615',
  '18446744073709551616',
  '1e3',
  '0x10',
  'NaN',
  '-Infinity',
  '00f067aa0ba902b7',
  '+/8=',
  'SPAN_KIND_SERVER',
  '\ud800',
  [],
  [[]],
  [null],
  {},
  { values: [] },
  { stringValue: 'a', intValue: 1 },
];
