/** `print-config`: the configuration after merging, `--set` and variables, with secrets hidden unless asked for. */
import { stringify } from 'yaml';
import { redacted, Secret } from '../../component/schemas/secret.ts';
import type { EnabledGates } from '../../config/gates.ts';
import { type LoadOptions, loadConfig } from '../../config/load.ts';
import { toPlain } from '../../config/node.ts';
import { type ValidConfig, validateConfig } from '../../config/validate.ts';
import { registry } from '../distribution.ts';

export interface PrintOptions extends LoadOptions {
  gates: EnabledGates;
  format: string;
  mode: string;
  validate: boolean;
}

/** Without validation it is not known which values are secrets, so that unvalidated text is only printed unredacted. */
export async function printConfig(options: PrintOptions): Promise<number> {
  const { root } = await loadConfig(options);
  let plain = toPlain(root);
  if (options.mode === 'redacted' || options.validate) {
    const config = await validateConfig(root, registry, options.gates);
    if (options.mode === 'redacted') plain = hide(plain, secretsOf(config));
  }
  process.stdout.write(options.format === 'json' ? `${JSON.stringify(plain, null, 2)}\n` : stringify(plain));
  return 0;
}

/** Replaces every value that is some component's secret, wherever it stands: better one too many than one too few. */
function hide(value: unknown, secrets: ReadonlySet<string>): unknown {
  if (Array.isArray(value)) return value.map((item) => hide(item, secrets));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, hide(item, secrets)]));
  }
  return value !== null && secrets.has(String(value)) ? redacted : value;
}

function secretsOf({ components }: ValidConfig): Set<string> {
  const secrets = new Set<string>();
  const seen = new Set<object>();
  const collect = (value: unknown): void => {
    if (value instanceof Secret) secrets.add(value.reveal());
    else if (typeof value === 'object' && value !== null && !seen.has(value)) {
      seen.add(value);
      for (const inner of value instanceof Map ? value.values() : Object.values(value)) collect(inner);
    }
  };
  for (const section of Object.values(components)) for (const { config } of section.values()) collect(config);
  secrets.delete('');
  return secrets;
}
