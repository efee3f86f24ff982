/** Kind decap: the tunnel that each packet of a capture came in, and what is inside. */
import { addressText, headerAddressText, macText } from '../../flow/l4/addresses.ts';
import { openCaptureFile } from '../../flow/packet/capture-file.ts';
import { PacketDecoder } from '../../flow/packet/decode.ts';
import { Packet } from '../../flow/packet/packet.ts';
import { tunnelCodes, tunnelTypes } from '../../flow/packet/tunnels.ts';
import type { ExpectedFile } from './expected.ts';
import type { Observation, ObservedPacket } from './observation.ts';

export async function observeDecap(file: ExpectedFile): Promise<Observation> {
  const capture = await openCaptureFile(file.pcapPath);
  const decoder = new PacketDecoder();
  const packet = new Packet();
  const packets: ObservedPacket[] = [];
  while (await capture.fill()) {
    while (capture.next(packet)) {
      const { start } = packet;
      decoder.decode(packet, capture.linkType);
      if (packet.tunnel !== 0) packets.push(observe(packet, packet.fragments === 0 ? start : 0));
    }
  }
  await capture.close();
  return { flows: [], messages: [], packets };
}

const versions = [undefined, 'I', 'II', 'III'];

function observe(packet: Packet, start: number): ObservedPacket {
  const { bytes, outerEthernetStart, outerIpStart, ethernetStart, ipVersion } = packet;
  const innerEthernet = ethernetStart === packet.innerStart;
  const observed: Record<string, unknown> & { frame: number } = {
    frame: packet.frame,
    tunnelType: tunnelTypes[packet.tunnel],
    version: packet.tunnel === tunnelCodes.erspan ? versions[packet.tunnelVersion] : undefined,
    id: packet.tunnelId,
    outerSrc: headerAddressText(bytes, outerIpStart, 0),
    outerDst: headerAddressText(bytes, outerIpStart, 1),
    innerLayer: innerEthernet ? 'ethernet' : 'ip',
    innerOffset: packet.innerStart - start,
  };
  if (outerEthernetStart >= 0) {
    observed.outerSrcMac = macText(bytes, outerEthernetStart + 6);
    observed.outerDstMac = macText(bytes, outerEthernetStart);
  }
  if (innerEthernet) {
    observed.innerSrcMac = macText(bytes, ethernetStart + 6);
    observed.innerDstMac = macText(bytes, ethernetStart);
  }
  if (ipVersion !== 0) {
    observed.innerSrc = addressText(packet.source0, packet.source1, packet.source2, packet.source3);
    observed.innerDst = addressText(packet.destination0, packet.destination1, packet.destination2, packet.destination3);
    observed.innerProtocol = packet.ipProtocol;
  }
  return observed;
}
