/** The program's entry: reads the command line, runs the command, and turns its outcome into an exit code. */
import { type Arguments, readArguments } from './arguments.ts';
import { build } from './build.ts';

try {
  const args = readArguments(process.argv.slice(2));
  process.exitCode = await main(args);
  if (args.command !== 'run') await printed();
} catch (error) {
  process.stderr.write(`Error: ${describe(error)}\n`);
  process.exitCode = 1;
}
// Whatever a component may have left open: the service has been stopped in order, so nothing more is to be awaited.
process.exit();

/** Waits until the reader of a pipe has taken what a command printed; that it went away is no error. */
function printed(): Promise<void> {
  return new Promise((resolve) => process.stdout.write('', () => resolve()));
}

async function main(args: Arguments): Promise<number> {
  switch (args.command) {
    case 'run': {
      const { run } = await import('./run.ts');
      return run(await configOptions(args));
    }
    case 'validate': {
      const { validate } = await import('./commands/validate.ts');
      return validate(await configOptions(args));
    }
    case 'print-config': {
      const { printConfig } = await import('./commands/print-config.ts');
      return printConfig({ ...(await configOptions(args)), ...args });
    }
    case 'components': {
      const { printComponents } = await import('./commands/components.ts');
      return printComponents();
    }
    case 'featuregate': {
      const { printGates } = await import('./commands/featuregate.ts');
      return printGates(args.rest[0]);
    }
    case 'schema': {
      const { printSchema } = await import('./commands/schema.ts');
      return printSchema();
    }
    case 'doctor': {
      const { doctor } = await import('./doctor/doctor.ts');
      return doctor(args);
    }
    case 'version':
      process.stdout.write(`${build.name} version ${build.version}\n`);
      return 0;
    case 'help': {
      const { helpText } = await import('./commands/help.ts');
      process.stdout.write(helpText);
      return 0;
    }
    default:
      return args.command satisfies never;
  }
}

async function configOptions({ config, set, featureGates, workers }: Arguments) {
  const { enabledGates } = await import('../config/gates.ts');
  const gates = enabledGates(featureGates);
  if (config.length === 0) throw new Error('at least one config flag must be provided');
  return { locations: config, sets: set, gates, workers };
}

/** Errors meant for the operator are their message; anything else is a defect, whose stack helps to report it. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isDefect = ['TypeError', 'RangeError', 'ReferenceError', 'AssertionError'].includes(error.name);
  return isDefect ? (error.stack ?? error.message) : error.message;
}
