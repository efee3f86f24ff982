/** Ends the set-up by becoming another program, as far as one process can: same terminal, same signals, same end. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';

/**
 * Does not return: leaves with the exit code of the command, or by the signal that ended it.
 * @param {string} command
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} env
 */
export function handOver(command, args, env) {
  const inTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  const child = spawn(command, args, { stdio: 'inherit', env });
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT']) {
    process.on(signal, () => {
      // Ctrl-C in a terminal goes to the whole foreground group, so the child has it already; a second one would end it
      // without shutting down.
      if (signal === 'SIGINT' && inTerminal) return;
      child.kill(signal);
    });
  }
  child.on('error', (error) => {
    process.stderr.write(`${command} did not start: ${error.message}\n`);
    process.exit(1);
  });
  child.on('close', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}
