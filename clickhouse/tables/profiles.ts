/** The stored table of profiles: one row per sample, its stack resolved to names. */
import { writeArray64, writeIds, writeNumbers, writeOffsets, writePairsOf } from '../native/numbers.ts';
import { writeLowCardinalityOf, writeLowCardinalityPrefix, writeStringsOf } from '../native/strings.ts';
import { attributeColumns, inheritedString, receivedDate, resourceColumns, scopeColumns } from './common.ts';
import type { Frames } from './profile-frames.ts';
import { inRange } from './profile-frames.ts';
import type { SampleRows } from './profile-rows.ts';
import { type Column, column, type StoredTable } from './table.ts';

export const profileSamples: StoredTable<SampleRows> = {
  name: 'profile_samples',
  comment: 'One row per sample of a profile; the frames_* arrays are parallel, leaf first',
  engine: 'MergeTree',
  columns: [
    receivedDate,
    column(
      'time',
      'DateTime64(9)',
      'Start of the profile, UTC',
      (out, { columns: { profiles, samples }, count }) =>
        writePairsOf(out, profiles.timeUnixNano, samples.profile, count),
      'Delta(8), ZSTD(1)',
    ),
    column('duration_ns', 'UInt64', 'Length of the profile, ns', (out, { columns: { profiles, samples }, count }) =>
      writePairsOf(out, profiles.durationNano, samples.profile, count),
    ),
    column(
      'profile_id',
      'String',
      'Id of the profile, binary',
      (out, { columns: { arena, profiles, samples }, count }) =>
        writeStringsOf(out, arena, profiles.profileId, samples.profile, count),
    ),
    profileString('sample_type', 'What the values count', 'sampleTypeTypeStrindex'),
    profileString('sample_unit', 'Unit of the values', 'sampleTypeUnitStrindex'),
    profileString('period_type', 'What the period counts', 'periodTypeTypeStrindex'),
    profileString('period_unit', 'Unit of the period', 'periodTypeUnitStrindex'),
    column('period', 'Int64', 'Events between two samples', (out, { columns: { profiles, samples }, count }) =>
      writePairsOf(out, profiles.period, samples.profile, count),
    ),
    inheritedString(
      'original_payload_format',
      'Format of the original profile, as pprof or jfr; the original itself is not stored',
      ({ columns: { profiles, samples } }) => [profiles.originalPayloadFormat, samples.profile],
    ),
    ...resourceColumns,
    ...scopeColumns,
    ...attributeColumns('profile_attributes', 'profile_attribute_types', 'profile', (rows: SampleRows) => ({
      arena: rows.columns.arena,
      ...rows.profileAttributes,
      parent: rows.columns.samples.profile,
    })),
    ...attributeColumns('attributes', 'attribute_types', 'sample', (rows: SampleRows) => ({
      arena: rows.columns.arena,
      ...rows.sampleAttributes,
    })),
    column('trace_id', 'FixedString(16)', 'Trace during which it was taken', (out, rows) =>
      writeIds(out, rows.columns.arena, linked(rows, rows.columns.links.traceId), rows.count, 16),
    ),
    column('span_id', 'FixedString(8)', 'Span during which it was taken', (out, rows) =>
      writeIds(out, rows.columns.arena, linked(rows, rows.columns.links.spanId), rows.count, 8),
    ),
    column(
      'values',
      'Array(Int64)',
      'Values, in sample_unit; one per moment, or one sum, or none (then each moment counts 1)',
      (out, { columns: { samples }, count }) => writeArray64(out, samples.valuesStart, samples.values, count),
    ),
    column('moments', 'Array(DateTime64(9))', 'When the stack was seen, UTC', (out, { columns: { samples }, count }) =>
      writeArray64(out, samples.timestampsUnixNanoStart, samples.timestampsUnixNano, count),
    ),
    frameString(
      'frames_function',
      'Function of each frame, leaf first; inlined functions have frames of their own; empty when unknown',
      'functionName',
    ),
    frameString('frames_system_name', 'Linker name of each function', 'systemName'),
    frameString('frames_file', 'Source file of each function', 'file'),
    frameNumber('frames_line', 'Array(Int64)', 'Line in the source file', 'line'),
    frameNumber('frames_column', 'Array(Int64)', 'Column in the line', 'column'),
    frameNumber('frames_start_line', 'Array(Int64)', 'First line of the function', 'startLine'),
    frameNumber('frames_address', 'Array(UInt64)', 'Instruction address of each frame', 'address'),
    frameString('frames_mapping', 'Binary or library of each frame', 'mapping'),
    column('frames_inlined', 'Array(Bool)', 'The frame is inlined into the one after it', (out, { frames, count }) => {
      writeOffsets(out, frames.start, count);
      writeNumbers(out, frames.inlined, frames.count);
    }),
  ],
  computed: [
    {
      name: 'stack_hash',
      type: 'UInt64 DEFAULT cityHash64(frames_function, frames_line, frames_address)',
      codec: 'ZSTD(1)',
      comment: 'Equal stacks have equal hashes',
    },
  ],
  orderBy: ['toStartOfFiveMinutes(time)', 'service_name', 'sample_type', 'stack_hash', 'time'],
  indexes: [],
};

type StringIndexOfProfile =
  | 'sampleTypeTypeStrindex'
  | 'sampleTypeUnitStrindex'
  | 'periodTypeTypeStrindex'
  | 'periodTypeUnitStrindex';

/** A string that the profile of a sample names by its index. */
function profileString(name: string, comment: string, field: StringIndexOfProfile): Column<SampleRows> {
  return inheritedString(name, comment, ({ columns: { profiles, samples }, strings, count }) => {
    const indexes = new Uint32Array(count);
    for (let row = 0; row < count; row++) {
      indexes[row] = inRange(profiles[field][samples.profile[row]!]!, strings.length / 2);
    }
    return [strings, indexes];
  });
}

function frameString(
  name: string,
  comment: string,
  field: 'functionName' | 'systemName' | 'file' | 'mapping',
): Column<SampleRows> {
  return column(name, 'Array(LowCardinality(String))', comment, (out, { columns, frames, strings, count }) => {
    writeLowCardinalityPrefix(out);
    writeOffsets(out, frames.start, count);
    writeLowCardinalityOf(out, columns.arena, strings, frames[field], frames.count);
  });
}

function frameNumber(
  name: string,
  type: string,
  comment: string,
  field: keyof Frames & ('line' | 'column' | 'startLine' | 'address'),
): Column<SampleRows> {
  return column(name, type, comment, (out, { frames, count }) => writeArray64(out, frames.start, frames[field], count));
}

/** Per sample the id of its link, as offset and length; none for samples without one. */
function linked({ columns: { samples, links }, count }: SampleRows, ids: Uint32Array): Uint32Array {
  const pairs = new Uint32Array(2 * count);
  for (let row = 0; row < count; row++) {
    const link = inRange(samples.linkIndex[row]!, links.rows);
    if (link >= links.rows) continue;
    pairs[2 * row] = ids[2 * link]!;
    pairs[2 * row + 1] = ids[2 * link + 1]!;
  }
  return pairs;
}
