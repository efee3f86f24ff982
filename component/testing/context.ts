/** A Context for tests: logs, metrics, statuses and listeners are recorded where a test can read them. */
import type { ComponentStatus, Context, Extension, Host, Listener } from '../define.ts';
import { OperatorError } from '../errors.ts';
import type { Labels, LogFields, Logger, Meter } from '../telemetry.ts';

export interface TestContext<Config> extends Context<Config> {
  logged: { level: keyof Logger; message: string; fields: LogFields }[];
  statuses: { status: ComponentStatus; message: string | undefined }[];
  listeners: Listener[];
  /** The value of an instrument, summed over all label sets that contain `labels`; 0 when there is none. */
  metric(name: string, labels?: Labels): number;
}

/** Everything a component is created with. `config` is what its schema gave: `schema.parse({ … })`. */
export function createTestContext<Config>(
  config: Config,
  options: { id?: string; host?: Partial<Host>; extensions?: Record<string, Extension> } = {},
): TestContext<Config> {
  const logged: TestContext<Config>['logged'] = [];
  const statuses: TestContext<Config>['statuses'] = [];
  const listeners: Listener[] = [];
  const series: { name: string; labels: Labels; read: () => number }[] = [];
  const running = new Map(Object.entries(options.extensions ?? {}));

  const line =
    (level: keyof Logger) =>
    (message: string, fields: LogFields = {}) => {
      logged.push({ level, message, fields });
    };
  const log: Logger = { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };

  function cell(name: string, labels: Labels = {}) {
    let value = 0;
    series.push({ name, labels, read: () => value });
    return (more: number) => {
      value += more;
    };
  }
  const meter: Meter = {
    counter: (name, _description, labels) => ({ add: cell(name, labels) }),
    histogram: (name, _description, _boundaries, labels) => {
      const sum = cell(`${name}_sum`, labels);
      const count = cell(`${name}_count`, labels);
      return {
        record(value) {
          sum(value);
          count(1);
        },
      };
    },
    gauge: (name, _description, read, labels = {}) => void series.push({ name, labels, read }),
  };

  const host: Host = {
    build: { name: 'otelcol-deepflow', version: '0.0.0-test', description: 'test' },
    worker: { index: 0, count: 1 },
    extension(id) {
      const found = running.get(id);
      if (!found) throw new OperatorError('INVALID_CONFIG', `extension ${id} is not listed in service::extensions`);
      return found;
    },
    extensions: () => running,
    ownMetrics: async () => '',
    health: () => [],
    ...options.host,
  };

  return {
    id: options.id ?? 'test',
    config,
    log,
    meter,
    host,
    reportStatus: (status, message) => void statuses.push({ status, message }),
    reportListener: (listener) => void listeners.push(listener),
    logged,
    statuses,
    listeners,
    metric(name, labels = {}) {
      const fits = (one: Labels) => Object.entries(labels).every(([key, value]) => one[key] === value);
      return series.filter((one) => one.name === name && fits(one.labels)).reduce((sum, one) => sum + one.read(), 0);
    },
  };
}
