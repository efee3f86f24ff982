/** The `*.expected.json` files of a conformance folder: what a capture holds, and which keys are conventions (its README has the table). */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

export type Kind = 'l7' | 'l4' | 'decap';
export type Json = string | number | boolean | null | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

/** A conversation: `ip:port`, IPv6 in brackets. Files of kind l4 say more of it. */
export interface ExpectedFlow extends JsonObject {
  readonly client: string;
  readonly server: string;
  readonly l4: string;
}

/** One message of kind l7. Absent keys are not asserted. */
export interface ExpectedMessage extends JsonObject {
  readonly type: 'request' | 'response' | 'session';
}

export interface ExpectedPacket extends JsonObject {
  readonly frame: number;
}

export interface ExpectedFile {
  /** Path without `.expected.json`, relative to the folder: `dns/nxdomain`. */
  readonly name: string;
  readonly pcapPath: string;
  readonly kind: Kind;
  /** null: nothing in the capture may be classified. */
  readonly protocol: string | null;
  readonly flows: readonly ExpectedFlow[];
  readonly messages: readonly ExpectedMessage[];
  readonly packets: readonly ExpectedPacket[];
  readonly policyFields: readonly string[];
  /** Given when `messages` holds only the first `messagesListed` of `messagesTotal`. */
  readonly messagesTotal: number | undefined;
  readonly messagesListed: number | undefined;
  /** Totals by `type` or `type:method`; same case. */
  readonly counts: Readonly<Record<string, number>>;
}

const suffix = '.expected.json';

/** Every file below `folder` whose name contains `only`, in order of names. */
export function readExpectedFiles(folder: string, only = ''): ExpectedFile[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith(suffix) && path.includes(only))
    .sort()
    .map((path) => readExpectedFile(folder, join(folder, path)));
}

function readExpectedFile(folder: string, path: string): ExpectedFile {
  const content = JSON.parse(readFileSync(path, 'utf8')) as Partial<ExpectedFile> & { pcap: string };
  if (content.kind !== 'l7' && content.kind !== 'l4' && content.kind !== 'decap') {
    throw new Error(`${path}: kind is ${content.kind}; l7, l4 or decap is expected`);
  }
  return {
    name: relative(folder, path).slice(0, -suffix.length),
    pcapPath: join(dirname(path), content.pcap),
    kind: content.kind,
    protocol: content.protocol ?? null,
    flows: content.flows ?? [],
    messages: content.messages ?? [],
    packets: content.packets ?? [],
    policyFields: content.policyFields ?? [],
    messagesTotal: content.messagesTotal,
    messagesListed: content.messagesListed,
    counts: content.counts ?? {},
  };
}
