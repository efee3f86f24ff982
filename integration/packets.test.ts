/** Decoding against tshark and against the tunnels of the kernel. Where one of these is not there the test says so, and passes. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { openCaptureFile } from '../flow/packet/capture-file.ts';
import { PacketDecoder } from '../flow/packet/decode.ts';
import { Packet } from '../flow/packet/packet.ts';
import { packetText } from '../flow/packet/testing/packet-text.ts';
import { samples } from '../flow/packet/testing/samples.ts';
import { compareWithTshark } from './packets/differences.ts';
import { writePcap } from './packets/pcap.ts';
import { hasTshark } from './packets/tshark.ts';

const directory = mkdtempSync(join(tmpdir(), 'otelcol-packets-'));
after(() => rmSync(directory, { recursive: true, force: true }));

const conformance = join(import.meta.dirname, '..', '..', 'shared', 'conformance');
const noTshark = 'tshark is not installed: nothing is compared (apt-get install tshark)';

test('reads every packet of the conformance captures as tshark does', async (context) => {
  if (!hasTshark()) return context.diagnostic(noTshark);
  if (!existsSync(conformance)) return context.diagnostic(`${conformance} is not there: nothing is compared`);
  const paths = readdirSync(conformance, { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.pcap'),
  );
  const differences: string[] = [];
  let agreed = 0;
  for (const path of paths) {
    const comparison = await compareWithTshark(join(conformance, path));
    agreed += comparison.agreed;
    differences.push(...comparison.differences.map((difference) => `${path} ${difference}`));
  }
  assert.deepEqual(differences, []);
  assert.ok(agreed > 0);
  context.diagnostic(`${agreed} packets of ${paths.length} captures agree`);
});

test('reads frames of every kind as tshark does', async (context) => {
  if (!hasTshark()) return context.diagnostic(noTshark);
  const path = join(directory, 'samples.pcap');
  for (const linkType of new Set(samples.map((sample) => sample.linkType))) {
    const frames = samples.filter((sample) => sample.linkType === linkType && !unknownToTshark.includes(sample.name));
    const bytes = frames.map((sample) => Uint8Array.from(sample.bytes));
    writePcap(path, linkType, bytes);
    const { differences, agreed } = await compareWithTshark(path);
    const named = differences.map((text) => `${frames[Number(/\d+/.exec(text)![0]) - 1]?.name}: ${text}`);
    assert.deepEqual(named, []);
    assert.equal(agreed, frames.length);
  }
});

/** tshark takes a control word of zeros for the beginning of a MAC address of Xerox. */
const unknownToTshark: readonly string[] = ['pseudowire with a control word'];

test('opens the VXLAN that the kernel makes', async (context) => {
  const path = join(directory, 'vxlan.pcap');
  if (!makeVxlan(context, path)) return;
  const texts: string[] = [];
  const capture = await openCaptureFile(path);
  const decoder = new PacketDecoder();
  const packet = new Packet();
  while (await capture.fill()) {
    while (capture.next(packet)) {
      if (!decoder.decode(packet, capture.linkType)) continue;
      const text = packetText(packet);
      if (text.includes('9 udp')) texts.push(text.replace(/\d+ > /, '* > '));
    }
  }
  await capture.close();
  assert.deepEqual(texts.sort(), [
    'VXLAN 42 | 10.42.0.1:* > 10.42.0.2:9 udp | 3000 bytes | 3 fragments',
    'VXLAN 42 | 10.42.0.1:* > 10.42.0.2:9 udp | 56 bytes',
    'VXLAN 42 | 10.42.0.2:* > 10.42.0.1:9 udp | 3000 bytes | 3 fragments',
    'VXLAN 42 | 10.42.0.2:* > 10.42.0.1:9 udp | 56 bytes',
    'VXLAN 43 | [fd00:43::1]:* > [fd00:43::2]:9 udp | 3000 bytes | 3 fragments',
    'VXLAN 43 | [fd00:43::1]:* > [fd00:43::2]:9 udp | 56 bytes',
    'VXLAN 43 | [fd00:43::2]:* > [fd00:43::1]:9 udp | 3000 bytes | 3 fragments',
    'VXLAN 43 | [fd00:43::2]:* > [fd00:43::1]:9 udp | 56 bytes',
  ]);
  if (hasTshark()) assert.deepEqual((await compareWithTshark(path)).differences, []);
});

/** False when this system cannot. */
function makeVxlan(context: TestContext, path: string): boolean {
  const probe = 'ip link add probe type vxlan id 1 dstport 4789 && tcpdump --version';
  if (spawnSync('unshare', ['--net', 'sh', '-c', probe], { stdio: 'ignore' }).status !== 0) {
    context.diagnostic('no VXLAN here (it takes root, the kernel module, iproute2 and tcpdump): nothing is captured');
    return false;
  }
  const script = join(import.meta.dirname, 'packets', 'kernel-vxlan.sh');
  const { status, stderr } = spawnSync('unshare', ['--net', script, path], { encoding: 'utf8', timeout: 60_000 });
  assert.equal(status, 0, stderr);
  return true;
}
