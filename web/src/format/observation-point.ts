/** Where on its way a call or connection was seen, in words. */

const words: Readonly<Record<string, string>> = {
  c: 'at the client',
  'c-p': 'in the client’s process',
  'c-app': 'by the client’s SDK',
  'c-nd': 'at the client’s node',
  'c-hv': 'at the client’s hypervisor',
  'c-gw': 'at a gateway near the client',
  'c-gw-hv': 'at a gateway’s hypervisor, near the client',
  local: 'within one host',
  rest: 'on the way',
  's-gw': 'at a gateway near the server',
  's-gw-hv': 'at a gateway’s hypervisor, near the server',
  's-hv': 'at the server’s hypervisor',
  's-nd': 'at the server’s node',
  s: 'at the server',
  's-p': 'in the server’s process',
  's-app': 'by the server’s SDK',
  app: 'by an SDK',
};

/** `at the server`; the point itself when it has no words. */
export function observationPointWords(point: string): string {
  return words[point] ?? point;
}

/** `10.0.0.1:80`, `[::1]:80`; the port is left out when it is 0. */
export function formatEndpoint(address: string, port: number): string {
  if (port === 0) return address;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
