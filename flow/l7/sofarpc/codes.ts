/** Commands, codecs and statuses of Bolt (sofa-bolt: RpcCommandType, CommandCode, ResponseStatus). */

export const commandTypes = { response: 0, request: 1, oneWay: 2 } as const;

export const commandCodes = { heartbeat: 0, request: 1, response: 2 } as const;

/** By codec id. */
export const codecs: Readonly<Record<number, string>> = { 1: 'hessian2', 2: 'java', 11: 'protobuf', 12: 'json' };

/** By status. */
export const statusNames: Readonly<Record<number, string>> = {
  0: 'SUCCESS',
  1: 'ERROR',
  2: 'SERVER_EXCEPTION',
  3: 'UNKNOWN',
  4: 'SERVER_THREADPOOL_BUSY',
  5: 'ERROR_COMM',
  6: 'NO_PROCESSOR',
  7: 'TIMEOUT',
  8: 'CLIENT_SEND_ERROR',
  9: 'CODEC_EXCEPTION',
  16: 'CONNECTION_CLOSED',
  17: 'SERVER_SERIAL_EXCEPTION',
  18: 'SERVER_DESERIAL_EXCEPTION',
};

export const clientFault = 0x08;
