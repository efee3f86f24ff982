/** The collector's configuration for these tests: what it sees of the processes of a cgroup becomes spans at the sink. */
import { toSink } from '../kit/configuration.ts';

/** Texts are kept as they are, for the tests compare them. */
export function traceProcesses(cgroup: string, sinkPort: number): string {
  return toSink(sinkPort, { ebpf: { processes: { cgroups: [cgroup] }, protocols: { obfuscate: false } } });
}
