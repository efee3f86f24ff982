/**
 * Requests that hold what the Node.js SDK cannot make: exemplars, summaries, entities, metric metadata, every attribute
 * kind on a span, and profiles. They are encoded by protobufjs from these literals.
 */
import type { Signal } from '../../pdata/batch.ts';
import { encode, type Plain } from './schema.ts';

const id = (byte: number, length: number) => Buffer.alloc(length, byte).toString('base64');
const text = (string_value: string) => ({ string_value });

const everyKind = [
  { key: 'text', value: text('Grüße') },
  { key: 'text', value: text('the same key again') },
  { key: '', value: text('no key') },
  { key: 'truth', value: { bool_value: false } },
  { key: 'int.max', value: { int_value: '9223372036854775807' } },
  { key: 'int.min', value: { int_value: '-9223372036854775808' } },
  { key: 'double.tiny', value: { double_value: 5e-324 } },
  { key: 'double.huge', value: { double_value: -1.7976931348623157e308 } },
  { key: 'double.nan', value: { double_value: Number.NaN } },
  { key: 'double.infinity', value: { double_value: Number.POSITIVE_INFINITY } },
  { key: 'bytes', value: { bytes_value: Buffer.from([0, 255, 10]).toString('base64') } },
  { key: 'bytes.none', value: { bytes_value: '' } },
  {
    key: 'list',
    value: { array_value: { values: [text('a'), { int_value: '-1' }, {}, { array_value: { values: [] } }] } },
  },
  {
    key: 'map',
    value: {
      kvlist_value: {
        values: [{ key: 'deep', value: { kvlist_value: { values: [{ key: 'x', value: { bool_value: true } }] } } }],
      },
    },
  },
  { key: 'empty', value: {} },
];

const resource = {
  attributes: [{ key: 'service.name', value: text('crafted') }, ...everyKind],
  dropped_attributes_count: 3,
  entity_refs: [
    { schema_url: 'https://example.test/e', type: 'service', id_keys: ['service.name'], description_keys: ['text'] },
  ],
};
const scope = { name: 'crafted.scope', version: '1', attributes: everyKind, dropped_attributes_count: 4 };

const traces: Plain = {
  resource_spans: [
    {
      resource,
      schema_url: 'https://example.test/resource',
      scope_spans: [
        {
          scope,
          schema_url: 'https://example.test/scope',
          spans: [
            {
              trace_id: id(0x11, 16),
              span_id: id(0x22, 8),
              parent_span_id: id(0x33, 8),
              trace_state: 'a=1,b=2',
              name: 'crafted',
              kind: 5,
              start_time_unix_nano: '18446744073709551615',
              end_time_unix_nano: '1',
              attributes: everyKind,
              dropped_attributes_count: 4294967295,
              events: [{ time_unix_nano: '7', name: 'event', attributes: everyKind, dropped_attributes_count: 1 }, {}],
              dropped_events_count: 5,
              links: [
                {
                  trace_id: id(0x44, 16),
                  span_id: id(0x55, 8),
                  trace_state: 'c=3',
                  attributes: everyKind,
                  dropped_attributes_count: 2,
                  flags: 0x301,
                },
              ],
              dropped_links_count: 6,
              status: { message: 'told', code: 2 },
              flags: 0x101,
            },
            { name: 'nothing but a name' },
          ],
        },
        { spans: [{ name: 'without a scope' }] },
      ],
    },
    { scope_spans: [{ spans: [{ name: 'without a resource' }] }] },
  ],
};

const exemplars = [
  { time_unix_nano: '9', as_double: 0.5, span_id: id(0x22, 8), trace_id: id(0x11, 16), filtered_attributes: everyKind },
  { time_unix_nano: '10', as_int: '-3' },
];
const point = { start_time_unix_nano: '1', time_unix_nano: '2', attributes: everyKind, flags: 1 };

const metrics: Plain = {
  resource_metrics: [
    {
      resource,
      schema_url: 'https://example.test/resource',
      scope_metrics: [
        {
          scope,
          schema_url: 'https://example.test/scope',
          metrics: [
            {
              name: 'gauge',
              unit: '1',
              description: 'd',
              metadata: everyKind,
              gauge: {
                data_points: [
                  { ...point, as_int: '0', exemplars },
                  { ...point, as_double: -0.5 },
                  { time_unix_nano: '3' },
                ],
              },
            },
            {
              name: 'sum',
              sum: {
                aggregation_temporality: 1,
                is_monotonic: true,
                data_points: [{ ...point, as_int: '-9223372036854775808', exemplars }],
              },
            },
            {
              name: 'histogram',
              histogram: {
                aggregation_temporality: 2,
                data_points: [
                  {
                    ...point,
                    count: '3',
                    sum: 0,
                    min: 0,
                    max: 0,
                    bucket_counts: ['1', '0', '2'],
                    explicit_bounds: [-1, 1.5],
                    exemplars,
                  },
                  { ...point, count: '18446744073709551615' },
                ],
              },
            },
            {
              name: 'exponential',
              exponential_histogram: {
                aggregation_temporality: 1,
                data_points: [
                  {
                    ...point,
                    count: '6',
                    sum: -1.5,
                    min: -2,
                    max: 4,
                    scale: -3,
                    zero_count: '1',
                    zero_threshold: 1e-9,
                    positive: { offset: -5, bucket_counts: ['1', '2'] },
                    negative: { offset: 7, bucket_counts: ['2'] },
                    exemplars,
                  },
                ],
              },
            },
            {
              name: 'summary',
              summary: {
                data_points: [
                  {
                    ...point,
                    count: '4',
                    sum: 10,
                    quantile_values: [
                      { quantile: 0.5, value: 2 },
                      { quantile: 1, value: 4 },
                    ],
                  },
                ],
              },
            },
            { name: 'nothing' },
          ],
        },
      ],
    },
  ],
};

const logs: Plain = {
  resource_logs: [
    {
      resource,
      schema_url: 'https://example.test/resource',
      scope_logs: [
        {
          scope,
          schema_url: 'https://example.test/scope',
          log_records: everyKind.map(({ value }, number) => ({
            time_unix_nano: `${number}`,
            observed_time_unix_nano: '12',
            severity_number: number,
            severity_text: 'odd',
            body: value,
            attributes: everyKind,
            dropped_attributes_count: number,
            flags: 0x101,
            trace_id: id(0x11, 16),
            span_id: id(0x22, 8),
            event_name: 'crafted.event',
          })),
        },
      ],
    },
  ],
};

const profiles: Plain = {
  resource_profiles: [
    {
      resource: { attributes: [{ key_strindex: 7, value: { string_value_strindex: 8 } }] },
      schema_url: 'https://example.test/resource',
      scope_profiles: [
        {
          scope: { name: 'profiler', version: '2' },
          schema_url: 'https://example.test/scope',
          profiles: [
            {
              sample_type: { type_strindex: 1, unit_strindex: 2 },
              samples: [
                {
                  stack_index: 1,
                  attribute_indices: [1],
                  link_index: 1,
                  values: ['5', '-5'],
                  timestamps_unix_nano: ['1763600000000000001', '1763600000000000002'],
                },
                { stack_index: 1, values: ['9223372036854775807'] },
              ],
              time_unix_nano: '1763600000000000000',
              duration_nano: '10000000000',
              period_type: { type_strindex: 1, unit_strindex: 2 },
              period: '10000000',
              profile_id: id(0x77, 16),
              dropped_attributes_count: 1,
              original_payload_format: 'pprof',
              original_payload: Buffer.from('not really pprof').toString('base64'),
              attribute_indices: [1],
            },
          ],
        },
      ],
    },
  ],
  dictionary: {
    mapping_table: [
      {},
      {
        memory_start: '4096',
        memory_limit: '18446744073709551615',
        file_offset: '16',
        filename_strindex: 3,
        attribute_indices: [1],
      },
    ],
    location_table: [
      {},
      {
        mapping_index: 1,
        address: '4200',
        lines: [{ function_index: 1, line: '12', column: '7' }],
        attribute_indices: [1],
      },
    ],
    function_table: [{}, { name_strindex: 4, system_name_strindex: 5, filename_strindex: 6, start_line: '10' }],
    link_table: [{}, { trace_id: id(0x11, 16), span_id: id(0x22, 8) }],
    string_table: [
      '',
      'cpu',
      'nanoseconds',
      '/usr/bin/app',
      'main',
      '_main',
      'main.c',
      'service.name',
      'profiled',
      'thread.name',
      'ms',
    ],
    attribute_table: [{}, { key_strindex: 9, value: text('worker-1'), unit_strindex: 10 }],
    stack_table: [{}, { location_indices: [1] }],
  },
};

/** One request of each signal. */
export const crafted: Record<Signal, Uint8Array> = {
  traces: encode('traces', traces),
  metrics: encode('metrics', metrics),
  logs: encode('logs', logs),
  profiles: encode('profiles', profiles),
};
