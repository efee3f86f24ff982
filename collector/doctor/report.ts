/** What the doctor finds out: `--json` prints it as it is, the text is made of it. */
import type { FacilityReport, FeatureReport, Status } from '../../bpf/features/explain.ts';

export interface DoctorReport {
  /** Name and version of the collector. */
  build: string;
  host: HostLine[];
  features: FeatureReport[];
  facilities: FacilityReport[];
  processes: ProcessReport[];
  /** How many processes there are, kernel threads left out; those that are not in `processes` have no network connections. */
  processCount: number;
  /** How many of `processes` may not be looked at: they are here because they may have network connections. */
  hiddenCount: number;
}

/** One thing about the host, or about the collector on it. */
export interface HostLine {
  name: string;
  title: string;
  status: Status;
  /** What was found. */
  found: string;
  /** What to do about it; empty when it is ok. */
  action: string;
}

export interface ProcessReport {
  pid: number;
  service: string;
  /** What the name was taken from. */
  namedBy: string;
  /** `Java 17.0.9`, `Go go1.26.0`; empty when it is not known. */
  runtime: string;
  container: string | undefined;
  /** Ports that are listened on, and how many connections there are. */
  ports: number[];
  connections: number;
  /** Libraries that encrypt, as `OpenSSL 3.0.9`. */
  tls: string[];
  status: Status;
  /** What is seen of it: `calls`, `TLS`. */
  seen: string[];
  /** Why not more; empty when all is seen. */
  reason: string;
  /** What to do about it; empty when nothing helps. */
  action: string;
}
