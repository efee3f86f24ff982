/** Compares what a conformance file expects with what was observed in its capture. */
import { align } from './alignment.ts';
import { Tally } from './differences.ts';
import type { ExpectedFile, ExpectedFlow, ExpectedMessage } from './expected.ts';
import type { Observation, ObservedFlow, ObservedMessage } from './observation.ts';

export function compareFile(file: ExpectedFile, observation: Observation): Tally {
  const tally = new Tally(file.policyFields);
  if (file.kind === 'decap') comparePackets(file, observation, tally);
  else {
    const flowOf = compareFlows(file, observation, tally);
    if (file.kind === 'l7') compareMessages(file, observation.messages, flowOf, tally);
  }
  return tally;
}

function comparePackets(file: ExpectedFile, observation: Observation, tally: Tally): void {
  for (const packet of file.packets) {
    const observed = observation.packets.find((candidate) => candidate.frame === packet.frame);
    tally.compare(`packet ${packet.frame}`, withTunnelName(packet), observed && withTunnelName(observed));
  }
}

/**
 * Spelling of a tunnel's name does not count. Keyed GRE that carries IP is called after Tencent by some, whatever its version; and IP in IP
 * goes by one name, whichever versions.
 */
function withTunnelName<T extends Readonly<Record<string, unknown>>>(packet: T): T {
  const { tunnelType } = packet;
  if (typeof tunnelType !== 'string') return packet;
  const name = tunnelType.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
  return { ...packet, tunnelType: otherNames[name] ?? name };
}

const otherNames: Readonly<Record<string, string>> = {
  tencentgre: 'gre',
  '6in4': 'ipip',
  '4in6': 'ipip',
  '6in6': 'ipip',
};

/** Returns the expected number of each observed flow; -1 for those that nobody expects. */
function compareFlows(file: ExpectedFile, observation: Observation, tally: Tally): number[] {
  const flowOf = observation.flows.map(() => -1);
  for (const [index, flow] of file.flows.entries()) {
    const found = findFlow(flow, observation.flows, flowOf);
    if (found >= 0) flowOf[found] = index;
    // A flow of which no message is expected may be too short for anything to be observed.
    else if (file.kind === 'l7' && !file.messages.some((message) => message.flow === index)) continue;
    tally.compare(`flow ${index}`, flow, observation.flows[found]);
  }
  if (file.kind === 'l4') tally.fact('file', 'flows.length', file.flows.length, observation.flows.length);
  return flowOf;
}

/** The next flow between the same ends; failing that, one that has them the wrong way round. */
function findFlow(flow: ExpectedFlow, observed: readonly ObservedFlow[], taken: readonly number[]): number {
  const same = observed.findIndex(
    ({ client, server }, index) => taken[index] === -1 && client === flow.client && server === flow.server,
  );
  if (same >= 0) return same;
  return observed.findIndex(
    ({ client, server }, index) => taken[index] === -1 && client === flow.server && server === flow.client,
  );
}

function compareMessages(
  file: ExpectedFile,
  observed: readonly ObservedMessage[],
  flowOf: readonly number[],
  tally: Tally,
): void {
  const messages: ObservedMessage[] = observed.map((message) => ({ ...message, flow: flowOf[message.flow] ?? -1 }));
  tally.fact('file', 'messages.length', file.messagesTotal ?? file.messages.length, messages.length);
  for (const [key, count] of Object.entries(file.counts)) {
    const [type, method] = key.split(':');
    const found = messages.filter(
      (message) => message.type === type && (method === undefined || message.method === method),
    );
    tally.fact('file', `counts.${key}`, count, found.length);
  }
  const cut = file.messagesTotal !== undefined && file.messagesTotal > file.messages.length;
  const byFlow = file.messages.every((message) => message.flow !== undefined);
  const byDirection = file.messages.every((message) => message.dir !== undefined);
  const groupOf = (message: object): string => {
    const { flow, dir } = message as { flow?: number; dir?: string };
    return `${byFlow ? flow : ''} ${byDirection ? dir : ''}`;
  };
  const groups = new Set([...file.messages, ...messages].map(groupOf));
  for (const group of groups) {
    const expectedGroup = file.messages.filter((message) => groupOf(message) === group);
    const observedGroup = messages.filter((message) => groupOf(message) === group);
    // Of a cut list the rest is not known; a few more are looked at, in case some of the first are surplus.
    const known = cut ? observedGroup.slice(0, expectedGroup.length + spare) : observedGroup;
    compareGroup(file, expectedGroup, known, cut, tally);
  }
}

const spare = 16;

function compareGroup(
  file: ExpectedFile,
  expected: readonly ExpectedMessage[],
  observed: readonly ObservedMessage[],
  cut: boolean,
  tally: Tally,
): void {
  const pairs = align(expected, observed);
  const last = pairs.findLastIndex((pair) => pair.expected >= 0);
  for (const [index, pair] of pairs.entries()) {
    if (pair.expected < 0) {
      const surplus = observed[pair.observed]!;
      if (!cut || index < last)
        tally.fact(`surplus message, flow ${surplus.flow} ${surplus.dir}`, 'message', undefined, summary(surplus));
      continue;
    }
    const message = expected[pair.expected]!;
    const where = `message ${file.messages.indexOf(message)}`;
    if (pair.observed < 0) tally.fact(where, 'message', summary(message), undefined);
    // The groups have matched flow and direction already, where both are given.
    else tally.compare(where, message, withPrefix(message, observed[pair.observed]!));
  }
}

/** `attributes.resourcePrefix` is what the resource begins with, where a file does not give all of it. */
function withPrefix(expected: ExpectedMessage, observed: ObservedMessage): ObservedMessage {
  const prefix = (expected.attributes as { resourcePrefix?: string } | undefined)?.resourcePrefix;
  if (prefix === undefined) return observed;
  const resourcePrefix = String(observed.resource ?? '').slice(0, prefix.length);
  return { ...observed, attributes: { ...(observed.attributes as object), resourcePrefix } };
}

function summary(message: Readonly<Record<string, unknown>>): string {
  const { frame, type, method, resource, requestId, statusCode } = message;
  return Object.entries({ frame, type, method, resource, requestId, statusCode })
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${String(value).slice(0, 80)}`)
    .join(' ');
}
