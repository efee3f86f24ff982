/** The gRPC service of the live tests: messages are bytes as they are, so no .proto file is needed. */

const identity = (bytes: Buffer): Buffer => bytes;

const method = (name: string) => ({
  path: `/live.Greeter/${name}`,
  requestStream: false,
  responseStream: false,
  requestSerialize: identity,
  requestDeserialize: identity,
  responseSerialize: identity,
  responseDeserialize: identity,
});

/** `say` answers; `refuse` fails with PERMISSION_DENIED (7). */
export const greeter = { say: method('Say'), refuse: method('Refuse') };
