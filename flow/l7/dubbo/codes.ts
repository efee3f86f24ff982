/** Serializations and statuses of Dubbo's protocol (dubbo.apache.org, Dubbo2 protocol specification). */

/** By id. */
export const serializations: Readonly<Record<number, string>> = {
  2: 'hessian2',
  3: 'java',
  4: 'compactedjava',
  6: 'fastjson',
  7: 'nativejava',
  8: 'kryo',
  9: 'fst',
  10: 'nativehessian',
  11: 'avro',
  12: 'protostuff',
  16: 'gson',
  21: 'protobuf-json',
  22: 'protobuf',
  23: 'fastjson2',
  25: 'kryo2',
  27: 'msgpack',
};

/** By status; what the conventions want as `rpc.response.status_code`. */
export const statusNames: Readonly<Record<number, string>> = {
  20: 'OK',
  30: 'CLIENT_TIMEOUT',
  31: 'SERVER_TIMEOUT',
  35: 'CHANNEL_INACTIVE',
  40: 'BAD_REQUEST',
  50: 'BAD_RESPONSE',
  60: 'SERVICE_NOT_FOUND',
  70: 'SERVICE_ERROR',
  80: 'SERVER_ERROR',
  90: 'CLIENT_ERROR',
  100: 'SERVER_THREADPOOL_EXHAUSTED_ERROR',
  105: 'SERIALIZATION_ERROR',
};

export const okStatus = 20;

/** Statuses that are a mistake of the caller. */
export const clientFaults: ReadonlySet<number> = new Set([30, 40, 90]);

/** What the first value of an answer's body says of the rest; 3 to 5 are the same with attachments behind. */
export const answerKinds = { exception: 0, value: 1, none: 2, exceptionWithAttachments: 3 } as const;
