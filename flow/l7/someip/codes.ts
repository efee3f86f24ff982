/** Message types and return codes of SOME/IP (PRS_SOMEIPProtocol §4.1.2.6 and §4.2.6). */
import type { MessageKind } from '../message.ts';

/** Set in the type of a message that is one of several segments. */
export const segmentBit = 0x20;

export interface MessageType {
  readonly name: string;
  readonly kind: MessageKind;
}

/** By number, without the segment bit. Acknowledgements are of the specification's early versions and answer nothing by themselves. */
export const messageTypes: Readonly<Record<number, MessageType>> = {
  0: { name: 'REQUEST', kind: 'request' },
  1: { name: 'REQUEST_NO_RETURN', kind: 'session' },
  2: { name: 'NOTIFICATION', kind: 'session' },
  64: { name: 'REQUEST_ACK', kind: 'session' },
  65: { name: 'REQUEST_NO_RETURN_ACK', kind: 'session' },
  66: { name: 'NOTIFICATION_ACK', kind: 'session' },
  128: { name: 'RESPONSE', kind: 'response' },
  129: { name: 'ERROR', kind: 'response' },
  192: { name: 'RESPONSE_ACK', kind: 'session' },
  193: { name: 'ERROR_ACK', kind: 'session' },
};

export const returnCodes: readonly string[] = [
  'E_OK',
  'E_NOT_OK',
  'E_UNKNOWN_SERVICE',
  'E_UNKNOWN_METHOD',
  'E_NOT_READY',
  'E_NOT_REACHABLE',
  'E_TIMEOUT',
  'E_WRONG_PROTOCOL_VERSION',
  'E_WRONG_INTERFACE_VERSION',
  'E_MALFORMED_MESSAGE',
  'E_WRONG_MESSAGE_TYPE',
  'E_E2E_REPEATED',
  'E_E2E_WRONG_SEQUENCE',
  'E_E2E',
  'E_E2E_NOT_AVAILABLE',
  'E_E2E_NO_NEW_DATA',
];

/** Return codes that say the request was wrong. */
export const clientFaults: ReadonlySet<number> = new Set([2, 3, 7, 8, 9, 10]);

/** `0x20` to `0x5e` are the interface's own. */
export const largestReturnCode = 0x5e;
