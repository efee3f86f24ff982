/** How a connection has ended, from what its own end knows: the same words as for connections that packets tell of. */
import { tcpReset } from '../../../bpf/programs/event.gen.ts';
import type { CloseType } from '../../../pdata/schema/flow-log.ts';
import type { Role } from '../socket-flow.ts';
import { errorName } from './kernel-names.ts';
import type { TcpCounters } from './tcp-event.ts';

/** `answered`: the last call of the connection ended well, so that a reset after it is a normal end. */
export function closeTypeOf(counters: TcpCounters, role: Role, wasOpen: boolean, answered: boolean): CloseType {
  const resetBy = whoReset(counters, role);
  if (!wasOpen) {
    if (role === 'server') return resetBy === '' ? 'server_syn_ack_repeat' : `${resetBy}_establish_reset`;
    return resetBy === 'server' ? 'server_reset' : 'client_syn_repeat';
  }
  if (resetBy === 'server') return 'server_reset_transfer';
  if (resetBy === 'client') return counters.finReceived || answered ? 'client_reset_finished' : 'client_reset_transfer';
  return errorName(counters.error) === 'ETIMEDOUT' ? 'timeout' : 'finished';
}

/** '' when nobody did. */
export function whoReset({ reset }: TcpCounters, role: Role): Role | '' {
  switch (reset) {
    case tcpReset.sent:
      return role;
    case tcpReset.received:
      return role === 'client' ? 'server' : 'client';
    default:
      return '';
  }
}
