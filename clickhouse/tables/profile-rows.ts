/** Rows of the profile table: samples with everything that the request's dictionary holds resolved to strings. */
import type { ProfileColumns } from '../../pdata/otlp/profiles.gen.ts';
import { nameAttributes, type ResolvedAttributes, resolveAttributes } from './profile-attributes.ts';
import { type Frames, resolveFrames } from './profile-frames.ts';
import { createRows, type Rows } from './rows.ts';

/** The columns of a request whose resource and scope attributes have their names and strings inline. */
export type NamedColumns = Omit<ProfileColumns, 'items' | 'reset' | 'pushStringTable'>;

export interface SampleRows extends Rows<NamedColumns> {
  /** The string table as offset and length pairs; entry 0, the empty string, is always there. */
  strings: Uint32Array;
  frames: Frames;
  sampleAttributes: ResolvedAttributes;
  profileAttributes: ResolvedAttributes;
}

export function sampleRows(original: ProfileColumns, receivedDay: number): SampleRows {
  const { samples, profiles } = original;
  const strings = original.stringTable.slice(0, Math.max(2, 2 * original.stringTableLength));
  const columns: NamedColumns = {
    ...original,
    resourceAttributes: nameAttributes(original.resourceAttributes, strings),
    scopeAttributes: nameAttributes(original.scopeAttributes, strings),
  };
  const scopeOf = new Uint32Array(samples.rows);
  for (let row = 0; row < samples.rows; row++) scopeOf[row] = profiles.scope[samples.profile[row]!]!;
  return {
    ...createRows(columns, scopeOf, samples.rows, receivedDay),
    strings,
    frames: resolveFrames(original, strings.length / 2),
    sampleAttributes: resolveAttributes(original, strings, samples),
    profileAttributes: resolveAttributes(original, strings, profiles),
  };
}
