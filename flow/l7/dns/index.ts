/** DNS over UDP and TCP, mDNS and LLMNR: RFC 1035 and those that came after it. */
import type { Protocol } from '../protocol.ts';
import { describeDns } from './describe.ts';
import { DnsParser } from './parser.ts';
import { probeDns } from './probe.ts';

const dns: Protocol = {
  name: 'dns',
  label: 'DNS',
  transports: ['udp', 'tcp'],
  ports: [53, 5353, 5355],
  timeoutSeconds: 15,
  probe: probeDns,
  createParser: (session) => new DnsParser(session),
  describe: describeDns,
};

export default dns;
