/** `npm run new protocol NAME [LABEL]`: a folder of a new protocol that works, with its tests and a capture. NEW_ROOT names another checkout. */
import { newProtocol } from './setup/new-protocol.mjs';
import { fail, root, SetupError } from './setup/steps.mjs';

const [what, name, label] = process.argv.slice(2);

try {
  if (what !== 'protocol' || name === undefined)
    throw new SetupError('say what is to be made: npm run new protocol NAME [LABEL]');
  for (const line of newProtocol(process.env.NEW_ROOT ?? root, name, label)) console.log(line);
} catch (error) {
  fail(error);
}
