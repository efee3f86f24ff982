/** Hands a request from HTTP/1 to the protocol that the connection switches to. */
import type { FlowIdentity } from '../../identity.ts';
import type { Message } from '../message.ts';

const requests = new WeakMap<FlowIdentity, Message>();

/** Keeps the request that asked for the switch. */
export function leaveRequest(identity: FlowIdentity, request: Message): void {
  requests.set(identity, request);
}

/** The request that asked for the switch, once; null when the connection began without one. */
export function takeRequest(identity: FlowIdentity): Message | null {
  const request = requests.get(identity) ?? null;
  requests.delete(identity);
  return request;
}
