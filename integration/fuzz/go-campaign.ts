/**
 * The same cases, compared with the Go Collector's own reader.
 *
 * Where the two differ on purpose:
 * - Go has no limit of nesting, skips unknown groups, takes any field number that fits 32 bits, and of two kinds of data
 *   in a Metric the last; the collector refuses these. Go refuses profile ids that are not of 16 bytes.
 * - Go does not keep whether an empty message is there, nor ids of zeros, nor minus zero in plain fields.
 * - Of a field of packed numbers in several parts Go keeps the last one, and it undoes zigzag on 64 bits.
 * - Of equal names in a JSON object Go adds the lists, and null makes an empty variant of a oneof; protobuf's mapping
 *   says that null is none. At an empty name Go ends the object. The cases are freed of all three first.
 * - Go turns profiles' string indexes into strings and back, so of profiles only the acceptance is compared.
 */
import { Batch, type Signal } from '../../pdata/batch.ts';
import { MalformedOtlp } from '../../pdata/errors.ts';
import { jsonToWire, wireToJson } from '../../pdata/otlp/json.ts';
import { type Campaign, type Figures, makeCase } from './campaign.ts';
import { requests } from './descriptors.ts';
import type { GoAnswer, GoQuestion, GoReader } from './go-reader.ts';
import type { Json } from './json-value.ts';
import { Difference, equal } from './properties.ts';
import { Refused, readMeaning } from './reference.ts';

const chunk = 500;

export async function runGoCampaign(campaign: Campaign, go: GoReader): Promise<Figures> {
  const { signal, encoding, seed, from, to } = campaign;
  const figures: Figures = { cases: 0, accepted: 0, refused: 0, bytes: 0, slowestMs: 0 };
  for (let first = from; first < to; first += chunk) {
    const cases = Array.from({ length: Math.min(chunk, to - first) }, (_, i) => {
      const bytes = makeCase(campaign, first + i);
      return encoding === 'json' ? plainJson(bytes) : bytes;
    });
    const questions: GoQuestion[] = cases.map((message) => ({ encoding, signal, message }));
    // Our JSON of each valid message follows, for Go to read.
    const ourJson = cases.map((message) => (encoding === 'json' ? undefined : validJson(signal, message)));
    for (const json of ourJson) if (json !== undefined) questions.push({ encoding: 'json', signal, message: json });
    const answers = await go.ask(questions);
    let next = cases.length;
    for (const [i, bytes] of cases.entries()) {
      const jsonAnswer = ourJson[i] === undefined ? undefined : answers[next++];
      try {
        if (encoding === 'protobuf') figures[compare(signal, bytes, answers[i]!, jsonAnswer)]++;
        else figures[compareJson(signal, bytes, answers[i]!)]++;
      } catch (error) {
        campaign.onFinding({ signal, encoding, seed, index: first + i, bytes, error: error as Error });
      }
      figures.bytes += bytes.length;
    }
    figures.cases += cases.length;
  }
  return figures;
}

/** The JSON text with only the last of equal names, no nulls in objects and no empty names; as it is when it is no JSON. */
function plainJson(text: Uint8Array): Uint8Array {
  try {
    const json = plain(JSON.parse(new TextDecoder().decode(text)));
    return Buffer.from(JSON.stringify(json));
  } catch {
    return text;
  }
}

function plain(json: Json): Json {
  if (Array.isArray(json)) return json.map(plain);
  if (json === null || typeof json !== 'object') return json;
  const kept = Object.entries(json).filter(([name, value]) => name !== '' && value !== null);
  return Object.fromEntries(kept.map(([name, value]) => [name, plain(value)]));
}

function validJson(signal: Signal, message: Uint8Array): Uint8Array | undefined {
  try {
    Batch.fromWire(signal, message);
  } catch {
    return undefined;
  }
  return Buffer.from(wireToJson(signal, message));
}

function compare(signal: Signal, bytes: Uint8Array, answer: GoAnswer, jsonAnswer: GoAnswer | undefined) {
  const root = requests[signal];
  let refusal: Refused | undefined;
  try {
    readMeaning(root, bytes);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    refusal = error;
  }
  if (refusal !== undefined) {
    if (answer.kind === 'accepted' && !goAccepts.test(refusal.message)) {
      throw new Difference(`Go accepts it, but: ${refusal.message}`);
    }
    return 'refused';
  }
  const meaning = readMeaning(root, bytes, true);
  if (answer.kind === 'refused') {
    if (meaning.oddProfileId) return 'accepted';
    throw new Difference(`Go refuses it: ${answer.message}`);
  }
  if (signal === 'profiles' || meaning.wideZigzag || meaning.packedTwice || meaning.minusZero) return 'accepted';
  equal('Go reads something else', readMeaning(root, answer.protobuf, true).text, meaning.text);
  if (jsonAnswer?.kind === 'refused') throw new Difference(`Go refuses our JSON: ${jsonAnswer.message}`);
  if (jsonAnswer !== undefined) {
    const read = readMeaning(root, jsonAnswer.protobuf, true);
    equal('Go reads something else from our JSON', read.jsonText, meaning.jsonText);
  }
  if (meaning.badText) return 'accepted';
  const ourRead = readMeaning(root, jsonToWire(signal, answer.json), true);
  equal("we read something else from Go's JSON", ourRead.jsonText, meaning.jsonText);
  return 'accepted';
}

const goAccepts = /^(nested too deep|wire type 3|field number of 2\^28 or more|a Metric with two data)$/;

/** What both accept means the same; JSON that only one accepts is for people to look at. */
function compareJson(signal: Signal, text: Uint8Array, answer: GoAnswer) {
  let wire: Uint8Array;
  try {
    wire = jsonToWire(signal, text);
  } catch (error) {
    if (error instanceof MalformedOtlp) return 'refused';
    throw error;
  }
  if (answer.kind === 'refused' || signal === 'profiles') return 'accepted';
  const root = requests[signal];
  const ours = readMeaning(root, wire, true);
  if (ours.minusZero) return 'accepted';
  equal('Go reads something else', readMeaning(root, answer.protobuf, true).jsonText, ours.jsonText);
  return 'accepted';
}
