/** What to say when a feature could not be started: what the host lacks if it lacks something, else what failed. */
import type { FeatureReport } from './explain.ts';
import type { FeatureName } from './features.ts';
import { examineFeatures } from './probe.ts';

/** One sentence, with what to do. libbpf's own words blame memory limits and kernels when only a capability is missing. */
export function whyNot(name: FeatureName, error: Error, features: FeatureReport[] = examineFeatures()): string {
  const report = features.find((one) => one.name === name);
  if (report === undefined || report.status !== 'no') return error.message;
  return report.action === '' ? report.reason : `${report.reason}; ${report.action}`;
}
