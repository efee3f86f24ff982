/** Reads Prometheus text exposition into samples; enough of it for the collector's own metrics. */

export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

/** Samples whose name starts with `prefix`, which is taken off. Comments and lines that are no sample are skipped. */
export function parsePrometheusText(text: string, prefix: string): Sample[] {
  const samples: Sample[] = [];
  for (const line of text.split('\n')) {
    const match = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)/.exec(line);
    if (match === null || !match[1]!.startsWith(prefix)) continue;
    const value = Number(match[3]);
    if (Number.isNaN(value)) continue;
    samples.push({ name: match[1]!.slice(prefix.length), labels: parseLabels(match[2] ?? ''), value });
  }
  return samples;
}

function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const [, name, value] of text.matchAll(/([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"/g)) {
    labels[name!] = value!.replace(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char));
  }
  return labels;
}
