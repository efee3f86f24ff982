/** OpenWire, the protocol of Apache ActiveMQ (and of Artemis for its clients): versions 1 to 12, tight and loose, with cached values. */
import type { Protocol } from '../protocol.ts';
import { describeOpenWire } from './describe.ts';
import { OpenWireParser } from './parser.ts';
import { probeOpenWire } from './probe.ts';

const openwire: Protocol = {
  name: 'openwire',
  label: 'OpenWire',
  transports: ['tcp'],
  ports: [61616, 61617],
  probe: probeOpenWire,
  createParser: (session) => new OpenWireParser(session),
  describe: describeOpenWire,
};

export default openwire;
