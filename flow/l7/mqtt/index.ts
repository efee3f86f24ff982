/** MQTT 3.1, 3.1.1 and 5 over TCP: the OASIS standards of 2014 and 2019. */
import type { Protocol } from '../protocol.ts';
import { describeMqtt } from './describe.ts';
import { MqttParser } from './parser.ts';
import { probeMqtt } from './probe.ts';

const mqtt: Protocol = {
  name: 'mqtt',
  label: 'MQTT',
  transports: ['tcp'],
  ports: [1883, 8883],
  probe: probeMqtt,
  createParser: (session) => new MqttParser(session),
  describe: describeMqtt,
};

export default mqtt;
