/** What this service itself says it did: a JSON line for each request, with the calls made for it, in the file that TRUTH names. */
import { appendFileSync } from 'node:fs';

const file = process.env.TRUTH;
let numbers = 0;

/** Unix nanoseconds; a double is good to 256 ns. */
const now = () => Math.round((performance.timeOrigin + performance.now()) * 1e6);

/** Makes a path unique, so that the call is found again; without TRUTH it is left alone. */
export function marked(service, path) {
  return file === undefined ? path : `${path}?call=${service}-${process.pid}-${++numbers}`;
}

/** Notes a request and, by `call`, each call that is made for it. */
export function begin(service, request) {
  const { localPort, remotePort } = request.socket;
  const line = { service, pid: process.pid, tid: process.pid, protocol: 'http', method: request.method };
  Object.assign(line, { target: request.url, localPort, remotePort, start: now(), calls: [] });
  return {
    /** `run` gives the status and the local port of the call. */
    async call(facts, run) {
      const start = now();
      const { status, localPort, value } = await run();
      line.calls.push({ ...facts, status, localPort, start, end: now() });
      return value;
    },
    finish(status) {
      if (file === undefined) return;
      appendFileSync(file, `${JSON.stringify({ ...line, status: String(status), end: now() })}\n`);
    },
  };
}
