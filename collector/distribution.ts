/** The one list of the components in this distribution. A component is loaded only when a configuration names it. */
import type { ComponentDefinition, Kind } from '../component/define.ts';
import type { Registry } from '../config/validate.ts';

/** A component's folder has an index.ts whose default export is its declaration. */
type Load = () => Promise<{ default: ComponentDefinition }>;

export const distribution: Record<Kind, Record<string, Load>> = {
  receiver: {
    cbpf: () => import('../receivers/cbpf/index.ts'),
    ebpf: () => import('../receivers/ebpf/index.ts'),
    nop: () => import('../receivers/nop/index.ts'),
    otlp: () => import('../receivers/otlp/index.ts'),
  },
  processor: {
    batch: () => import('../processors/batch/index.ts'),
    memory_limiter: () => import('../processors/memory_limiter/index.ts'),
  },
  exporter: {
    clickhouse: () => import('../exporters/clickhouse/index.ts'),
    debug: () => import('../exporters/debug/index.ts'),
    nop: () => import('../exporters/nop/index.ts'),
    otlp_grpc: () => import('../exporters/otlp_grpc/index.ts'),
    otlp_http: () => import('../exporters/otlp_http/index.ts'),
  },
  connector: {
    forward: () => import('../connectors/forward/index.ts'),
    red: () => import('../connectors/red/index.ts'),
  },
  extension: {
    clickhouse_embedded: () => import('../extensions/clickhouse_embedded/index.ts'),
    health_check: () => import('../extensions/health_check/index.ts'),
    query: () => import('../extensions/query/index.ts'),
  },
};

/** Former words in YAML and what they mean now; the same as `deprecatedAliases` of the definitions (a test compares). */
export const aliases: Record<Kind, Record<string, string>> = {
  receiver: {},
  processor: {},
  exporter: { otlp: 'otlp_grpc', otlphttp: 'otlp_http' },
  connector: {},
  extension: {},
};

/** The distribution as the configuration asks for it. */
export const registry: Registry = {
  async load(kind, type) {
    const load = lookUp(distribution[kind], type) ?? lookUp(distribution[kind], lookUp(aliases[kind], type) ?? '');
    return (await load?.())?.default;
  },
  types: (kind) => Object.keys(distribution[kind]).sort(),
};

function lookUp<T>(table: Record<string, T>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
