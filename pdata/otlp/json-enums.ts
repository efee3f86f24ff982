/** The names of OTLP's enum values, which protobuf JSON writers other than OTLP's may send in place of the numbers. */

const aggregationTemporality = [
  'AGGREGATION_TEMPORALITY_UNSPECIFIED',
  'AGGREGATION_TEMPORALITY_DELTA',
  'AGGREGATION_TEMPORALITY_CUMULATIVE',
];

/** Names by number, for each enum field as `Message.field`. */
export const enumNames: Readonly<Record<string, readonly string[]>> = {
  'Span.kind': [
    'SPAN_KIND_UNSPECIFIED',
    'SPAN_KIND_INTERNAL',
    'SPAN_KIND_SERVER',
    'SPAN_KIND_CLIENT',
    'SPAN_KIND_PRODUCER',
    'SPAN_KIND_CONSUMER',
  ],
  'Status.code': ['STATUS_CODE_UNSET', 'STATUS_CODE_OK', 'STATUS_CODE_ERROR'],
  'LogRecord.severity_number': [
    'SEVERITY_NUMBER_UNSPECIFIED',
    ...['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'].flatMap((level) =>
      ['', '2', '3', '4'].map((step) => `SEVERITY_NUMBER_${level}${step}`),
    ),
  ],
  'Sum.aggregation_temporality': aggregationTemporality,
  'Histogram.aggregation_temporality': aggregationTemporality,
  'ExponentialHistogram.aggregation_temporality': aggregationTemporality,
};
