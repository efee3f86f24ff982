/** Plays a capture to the collector's own analyser from beginning to end, as it reads a file. */
import { type AnalyserOptions, createAnalyser } from '../../flow/analyser.ts';
import { plainOptions } from '../../flow/l7/testing/plain-options.ts';
import { firstPacketClock, openCaptureFile } from '../../flow/packet/capture-file.ts';
import { PacketDecoder } from '../../flow/packet/decode.ts';
import { Packet } from '../../flow/packet/packet.ts';

/** `takes` hears of each packet that can be decoded, and says whether the analyser does. */
export async function playCapture(
  path: string,
  hooks: Pick<AnalyserOptions, 'onMessage' | 'onCall'>,
  takes: (packet: Packet) => boolean = () => true,
): Promise<void> {
  const clock = await firstPacketClock(path);
  const capture = await openCaptureFile(path, { clock });
  const names = { version: 'conformance', hostName: 'conformance' };
  const analyser = createAnalyser({ clock, ...names, protocols: plainOptions, ...hooks });
  const decoder = new PacketDecoder();
  const packet = new Packet();
  let lastNs = 0;
  while (await capture.fill()) {
    while (capture.next(packet)) {
      if (!decoder.decode(packet, capture.linkType)) continue;
      lastNs = packet.timeNs;
      if (takes(packet)) analyser.packet(packet);
    }
  }
  analyser.tick(lastNs);
  analyser.close();
  await capture.close();
}
