/** Holds the calls of a capture without some of its packets against those of the whole one: what is wrong, and what is missing. */
import type { ReadCall, Reading, ReadMessage } from './thinned.ts';

/** One line for each call that says something which is not so. Less than the whole says is no mistake. */
export function findMistakes(whole: Reading, part: Reading): string[] {
  const byRequest = new Map(whole.calls.map((call) => [call.request?.place, call]));
  const byResponse = new Map(whole.calls.map((call) => [call.response?.place, call]));
  return part.calls.flatMap((call) => {
    const { request, response, protocol } = call;
    const mistakes = [...untrue(whole, request, call), ...untrue(whole, response, call)];
    const asked = byRequest.get(request?.place);
    const answered = byResponse.get(response?.place);
    if (request !== null && asked !== undefined && asked.protocol !== protocol)
      mistakes.push(`it is ${asked.protocol}`);
    // Told again by its sender, it may be taken for the first that was lost.
    const isAnotherAnswer = answered !== undefined && answered.outcome !== 'unmatched_response' && answered !== asked;
    if (request !== null && response !== null && asked !== undefined && isAnotherAnswer)
      mistakes.push(`the answer is that of ${answered.request?.place}`);
    if (mistakes.length === 0) return [];
    return [`${protocol} ${call.outcome} [${request?.place}] [${response?.place}]: ${mistakes.join(', ')}`];
  });
}

/** Sums that grow with what was seen of a message, and what says that not all of it was. */
const partial = new Set(["partial'", "messages'", "dataLength'", "rows'", "connectionId'"]);

function untrue(whole: Reading, message: ReadMessage | null, { outcome }: ReadCall): string[] {
  if (message === null) return [];
  const known = whole.messages.get(message.place);
  // What is left of one whose head was lost begins elsewhere.
  if (known === undefined) return message.complete ? ['there is no such message'] : [];
  return Object.entries(message.fields).flatMap(([name, value]) => {
    const right = known.fields[name];
    if (value === right || name === "partial'" || (!message.complete && partial.has(name))) return [];
    // Whether a one-way message answers one that was not seen is not known, and so neither is what it says of that.
    if (right === undefined && (name === 'status' || outcome === 'one_way')) return [];
    return [`${name} is ${right}, not ${value}`];
  });
}

export interface Found {
  all: number;
  found: number;
}

/** Those of the whole that lie outside what is missing, by protocol: how many there are, and how many of them were found. */
export function countFound(
  whole: Reading,
  part: Reading,
  isTouched: (flow: string, fromNs: number, toNs: number) => boolean,
): Map<string, Found> {
  const found = new Set(part.calls.map(keyOf));
  const counts = new Map<string, Found>();
  for (const call of whole.calls) {
    const messages = [call.request, call.response].filter((message) => message !== null);
    const fromNs = Math.min(...messages.map(({ startNs }) => startNs));
    const toNs = Math.max(...messages.map(({ endNs }) => endNs));
    if (isTouched(call.flow, fromNs, toNs)) continue;
    const count = counts.get(call.protocol) ?? { all: 0, found: 0 };
    counts.set(call.protocol, count);
    count.all++;
    if (found.has(keyOf(call))) count.found++;
  }
  return counts;
}

function keyOf({ request, response }: ReadCall): string {
  return `${request?.place} | ${response?.place}`;
}
