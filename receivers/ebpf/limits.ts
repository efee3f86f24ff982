/** Tells at start what this host or these permissions keep from us, a line for each reason; the rest runs. */
import { explainInLines, type FeatureReport } from '../../bpf/features/explain.ts';
import { examineFeatures } from '../../bpf/features/probe.ts';
import type { FromThread } from '../../component/capture/messages.ts';
import type { Config } from './config.ts';

/** Features that are switched off are not missed. */
export function tellLimits(
  { tls, tcp, files }: Pick<Config, 'tls' | 'tcp' | 'files'>,
  post: (message: FromThread) => void,
  features: FeatureReport[] = examineFeatures(),
): void {
  const wanted: Record<FeatureReport['name'], boolean> = {
    packets: false,
    calls: true,
    tls: tls.enabled,
    go: tls.enabled && tls.go,
    tcp: tcp.enabled,
    files: files.mode !== 'off',
    processes: true,
  };
  for (const reason of explainInLines(features.filter(({ name }) => wanted[name]))) {
    post({ type: 'log', level: 'warn', message: 'Not everything can be seen here', fields: { reason } });
  }
}
