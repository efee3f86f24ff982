/** A collector's capture and probes in a process of its own, for tests that kill it: says "covered" when the process it is given is probed. */
import { startWatch } from './watch.ts';

const watch = startWatch();
await watch.covered(Number(process.argv[2]));
console.log('covered');
