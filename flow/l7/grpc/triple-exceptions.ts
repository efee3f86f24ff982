/** What Triple says of an answer that is an exception: header `tri-exception-code`, with the codes of Dubbo's RpcException. */

const names = [
  'UNKNOWN_EXCEPTION',
  'NETWORK_EXCEPTION',
  'TIMEOUT_EXCEPTION',
  'BIZ_EXCEPTION',
  'FORBIDDEN_EXCEPTION',
  'SERIALIZATION_EXCEPTION',
  'NO_INVOKER_AVAILABLE_AFTER_FILTER',
  'LIMIT_EXCEEDED_EXCEPTION',
  'TIMEOUT_TERMINATE',
  'REGISTRY_EXCEPTION',
  'ROUTER_CACHE_NOT_BUILD',
  'METHOD_NOT_FOUND',
  'VALIDATION_EXCEPTION',
  'AUTHORIZATION_EXCEPTION',
];

/** `BIZ_EXCEPTION` (3) is what the service itself threw. */
export function tripleExceptionName(code: number): string {
  return names[code] ?? String(code);
}
