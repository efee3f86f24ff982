/** Frames to spoil: those made by hand, those of this project's captures, and those of the conformance folder where it is. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { openCaptureFile } from '../../flow/packet/capture-file.ts';
import { Packet } from '../../flow/packet/packet.ts';
import { ethernet, ipv4, ipv6, u16, u32, udp } from '../../flow/packet/testing/build.ts';
import { samples } from '../../flow/packet/testing/samples.ts';
import type { Frame } from './packet-campaign.ts';

const root = join(import.meta.dirname, '..', '..');
const folders = [join(root, 'flow', 'packet', 'captures'), join(root, '..', 'shared', 'conformance')];
/** Frames taken from one capture: the first, as long ones repeat themselves. */
const perCapture = 60;

export async function packetSeeds(): Promise<Frame[]> {
  const frames: Frame[] = samples.map(({ linkType, bytes }) => ({ linkType, bytes: Uint8Array.from(bytes) }));
  frames.push(...fragments());
  for (const folder of folders.filter((path) => existsSync(path))) {
    for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
      if (/\.pcap(ng)?$/.test(path)) frames.push(...(await readFrames(join(folder, path))));
    }
  }
  return frames;
}

/** Parts of three datagrams of each IP version, often enough that they meet again. */
function fragments(): Frame[] {
  const whole = udp(53, new Array(200).fill(7));
  const frames: Frame[] = [];
  for (let id = 0; id < 3; id++) {
    for (let from = 0; from < whole.length; from += 64) {
      const part = whole.slice(from, from + 64);
      const more = from + 64 < whole.length;
      const part4 = ethernet(0x0800, ipv4(17, part, { id, fragment: (more ? 0x2000 : 0) | (from / 8) }));
      const part6 = ethernet(0x86dd, ipv6(44, [17, 0, ...u16(from | (more ? 1 : 0)), ...u32(id), ...part]));
      for (let copies = 0; copies < 8; copies++) {
        frames.push({ linkType: 1, bytes: Uint8Array.from(part4) }, { linkType: 1, bytes: Uint8Array.from(part6) });
      }
    }
  }
  return frames;
}

async function readFrames(path: string): Promise<Frame[]> {
  const frames: Frame[] = [];
  const capture = await openCaptureFile(path);
  const packet = new Packet();
  while (await capture.fill()) {
    while (frames.length < perCapture && capture.next(packet)) {
      const { bytes, start, capturedLength } = packet;
      frames.push({ linkType: capture.linkType, bytes: bytes.slice(start, start + capturedLength) });
    }
    if (frames.length >= perCapture) break;
  }
  await capture.close();
  return frames;
}
