/** The list of protocols: strong marks first, loose ones last, for that is the order in which an unknown port is probed. */
import type { Protocol } from './protocol.ts';

export const protocols: readonly Protocol[] = [];
