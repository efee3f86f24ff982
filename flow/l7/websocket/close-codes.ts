/** What the code of a close frame says (RFC 6455 §7.4.1 and the IANA registry of close codes). */
import type { MessageStatus, Side } from '../message.ts';

/** Codes by which one end says that it fails, or that the other one did. */
const failures = new Map<number, readonly [name: string, fault: 'sender' | 'receiver']>([
  [1002, ['protocol_error', 'receiver']],
  [1003, ['unsupported_data', 'receiver']],
  [1007, ['invalid_payload', 'receiver']],
  [1008, ['policy_violation', 'receiver']],
  [1009, ['message_too_big', 'receiver']],
  [1010, ['mandatory_extension', 'receiver']],
  [1011, ['internal_error', 'sender']],
  [1012, ['service_restart', 'sender']],
  [1013, ['try_again_later', 'sender']],
  [1014, ['bad_gateway', 'sender']],
]);

/** Whose fault a close is that `sender` sent. Codes of applications (3000 and more) are nobody's. */
export function closeStatus(code: number, sender: Side): MessageStatus {
  const failure = failures.get(code);
  if (failure === undefined) return 'ok';
  return (failure[1] === 'sender') === (sender === 1) ? 'server_error' : 'client_error';
}

/** The name of a failure, for `error.type`. */
export function closeError(code: number): string {
  return failures.get(code)?.[0] ?? '_OTHER';
}
