/** Own metrics as Prometheus text, version 0.0.4. */
import type { Labels } from '../../component/telemetry.ts';
import type { Sample } from './metrics.ts';

export interface TextOptions {
  /** Whether names of counters end in `_total`; the default reader's do not. */
  withTypeSuffix: boolean;
}

const prefix = 'otelcol_';

/** Samples of one name stand together under one HELP and TYPE. */
export function prometheusText(samples: readonly Sample[], resource: Labels, { withTypeSuffix }: TextOptions): string {
  const families = new Map<string, Sample[]>();
  for (const sample of samples) {
    const family = families.get(sample.name);
    if (family) family.push(sample);
    else families.set(sample.name, [sample]);
  }
  let text = `# HELP target_info Target metadata\n# TYPE target_info gauge\n${line('target_info', resourceLabels(resource), 1)}`;
  for (const [name, family] of [...families].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const { kind, description } = family[0]!;
    const shown = `${prefix}${name}${kind === 'counter' && withTypeSuffix ? '_total' : ''}`;
    text += `# HELP ${shown} ${escapeHelp(description)}\n# TYPE ${shown} ${kind}\n`;
    for (const sample of family) text += sampleLines(shown, sample);
  }
  return text;
}

function sampleLines(name: string, sample: Sample): string {
  if (sample.kind !== 'histogram') return line(name, sample.labels, sample.value);
  let text = '';
  let cumulative = 0;
  sample.counts.forEach((count, bucket) => {
    cumulative += count;
    const le = bucket < sample.boundaries.length ? String(sample.boundaries[bucket]) : '+Inf';
    text += line(`${name}_bucket`, { ...sample.labels, le }, cumulative);
  });
  return text + line(`${name}_sum`, sample.labels, sample.sum) + line(`${name}_count`, sample.labels, cumulative);
}

function line(name: string, labels: Labels, value: number): string {
  const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escapeValue(text)}"`);
  return `${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}\n`;
}

function resourceLabels(resource: Labels): Labels {
  return Object.fromEntries(
    Object.entries(resource).map(([key, value]) => [key.replace(/[^a-zA-Z0-9_]/g, '_'), value]),
  );
}

function escapeValue(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}
