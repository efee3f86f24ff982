/** What must hold of every message, right or wrong. */
import { Batch, type Signal } from '../../pdata/batch.ts';
import { MalformedOtlp } from '../../pdata/errors.ts';
import { codecs } from '../../pdata/otlp/codecs.ts';
import { jsonToWire, wireToJson } from '../../pdata/otlp/json.ts';
import { requests } from './descriptors.ts';
import { idsToBase64, idsToHex } from './json-value.ts';
import { peerFromJson, peerRewrite, peerToJson } from './peer.ts';
import { type Meaning, Refused, readMeaning } from './reference.ts';

/** Something that must hold does not. */
export class Difference extends Error {}

export type Verdict = 'accepted' | 'refused';

/** Checks one message; throws {@link Difference}. */
export function checkMessage(signal: Signal, bytes: Uint8Array): Verdict {
  const root = requests[signal];
  const meaning = readOrRefused(root, bytes);
  const batch = batchOrRefusal(signal, bytes);
  if (meaning instanceof Refused) {
    if (batch instanceof Batch) throw new Difference(`accepted, but the reference refuses it: ${meaning.message}`);
    if (meaning.framing && peerAccepts(root, bytes)) {
      throw new Difference(`protobufjs accepts what the reference calls bad framing: ${meaning.message}`);
    }
    return 'refused';
  }
  if (batch instanceof MalformedOtlp) throw new Difference(`refused, but the reference accepts it: ${batch.message}`);
  checkPeer(root, bytes, meaning);
  checkColumns(signal, batch, meaning);
  checkSplit(signal, batch, meaning);
  checkJson(signal, bytes, meaning);
  return 'accepted';
}

function readOrRefused(root: string, bytes: Uint8Array): Meaning | Refused {
  try {
    return readMeaning(root, bytes);
  } catch (error) {
    if (error instanceof Refused) return error;
    throw error;
  }
}

function batchOrRefusal(signal: Signal, bytes: Uint8Array): Batch | MalformedOtlp {
  try {
    return Batch.fromWire(signal, bytes);
  } catch (error) {
    if (error instanceof MalformedOtlp) return error;
    throw error;
  }
}

function peerAccepts(root: string, bytes: Uint8Array): boolean {
  try {
    peerRewrite(root, bytes);
    return true;
  } catch {
    return false;
  }
}

/** The reference and protobufjs agree, where protobufjs has no way of its own. */
function checkPeer(root: string, bytes: Uint8Array, meaning: Meaning): void {
  if (meaning.longTag || meaning.oneofTwice) return;
  const form = meaning.nan ? 'jsonText' : 'text';
  equal('protobufjs reads something else', readMeaning(root, peerRewrite(root, bytes))[form], meaning[form]);
}

function checkColumns(signal: Signal, batch: Batch, meaning: Meaning): void {
  const written = codecs[signal].write(batch.columns as never);
  const again = Batch.fromWire(signal, written);
  if (again.items !== batch.items) throw new Difference(`${batch.items} items become ${again.items} through columns`);
  equal('columns change the message', readMeaning(requests[signal], written).text, meaning.text);
}

/** Parts of a batch hold all its items in order, and joined batches all of both. */
function checkSplit(signal: Signal, batch: Batch, meaning: Meaning): void {
  if (batch.items !== meaning.items.length) throw new Difference(`${batch.items} items of ${meaning.items.length}`);
  if (batch.items < 2) return;
  const root = requests[signal];
  const parts = batch.split(Math.ceil(batch.items / 2));
  const kept = parts.flatMap((part) => readMeaning(root, part.wire[0]!).items);
  equal('splitting changes the items', kept.join('\n'), meaning.items.join('\n'));
  // Profiles of several requests have several dictionaries, and no columns.
  if (signal === 'profiles') return;
  const joined = codecs[signal].write(Batch.concat([...parts, batch]).columns as never);
  const all = [...meaning.items, ...meaning.items];
  equal('joining changes the items', readMeaning(root, joined).items.join('\n'), all.join('\n'));
}

function checkJson(signal: Signal, bytes: Uint8Array, meaning: Meaning): void {
  const root = requests[signal];
  const text = wireToJson(signal, bytes);
  equal(
    'JSON changes the message',
    readMeaning(root, jsonToWire(signal, Buffer.from(text))).jsonText,
    meaning.jsonText,
  );
  if (meaning.text !== meaning.jsonText || meaning.badText || meaning.minusZero) return;
  if (meaning.longTag || meaning.oneofTwice) return;
  const peerRead = peerFromJson(root, idsToBase64(JSON.parse(text)));
  equal('protobufjs reads something else from our JSON', readMeaning(root, peerRead).text, meaning.text);
  const peerText = JSON.stringify(idsToHex(peerToJson(root, bytes)));
  const read = jsonToWire(signal, Buffer.from(peerText));
  equal("we read something else from protobufjs' JSON", readMeaning(root, read).text, meaning.text);
}

/** Throws {@link Difference} with the surroundings of the first difference. */
export function equal(what: string, actual: string, expected: string): void {
  if (actual === expected) return;
  let at = 0;
  while (actual[at] === expected[at]) at++;
  const around = (text: string) => JSON.stringify(text.slice(Math.max(0, at - 60), at + 60));
  throw new Difference(`${what}:\n  expected ${around(expected)}\n  found    ${around(actual)}`);
}
