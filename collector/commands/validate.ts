/** `validate`: checks the configuration without running it, and prints nothing when it is good. */
import type { EnabledGates } from '../../config/gates.ts';
import { type LoadOptions, loadConfig } from '../../config/load.ts';
import { validateConfig } from '../../config/validate.ts';
import { registry } from '../distribution.ts';

/** Rejects with all problems of the configuration. */
export async function validate(options: LoadOptions & { gates: EnabledGates }): Promise<number> {
  const { root, warnings } = await loadConfig(options);
  const config = await validateConfig(root, registry, options.gates);
  for (const warning of [...warnings, ...config.warnings]) process.stderr.write(`Warning: ${warning}\n`);
  return 0;
}
