/** Counts a flow's calls in its identity, for the flow's record. */
import type { FlowIdentity } from '../identity.ts';
import type { Message } from '../l7/message.ts';
import type { Outcome } from '../l7/session.ts';

export function tally(
  identity: FlowIdentity,
  request: Message | null,
  response: Message | null,
  outcome: Outcome,
): void {
  if (request !== null) identity.requests++;
  if (outcome === 'timeout') identity.timeouts++;
  const status = response?.status ?? '';
  if (response !== null) identity.responses++;
  if (status === 'client_error') identity.clientErrors++;
  else if (status === 'server_error') identity.serverErrors++;
  identity.answered = outcome === 'answered' && status !== 'server_error';
}
