/** Filters in tcpdump's language, compiled by libpcap to the kernel's classic BPF. */
import { loadAddon } from './addon.ts';

/** Numbers of link types are those of capture files, save a few that libpcap has its own for: raw IP (101) is 12. */
const ownNumbers = new Map([[101, 12]]);

/** Throws an Error with `code` `BAD_FILTER` or `NO_LIBPCAP` that says what is wrong and what to do. */
export function compileFilter(text: string, linkType: number, snapLength: number): Uint8Array {
  try {
    return loadAddon().compileFilter({ text, linkType: ownNumbers.get(linkType) ?? linkType, snapLength });
  } catch (error) {
    const { code, message } = error as Error & { code?: string };
    if (code === 'BAD_FILTER') {
      throw coded(code, `"${text}" is no filter that tcpdump would take: ${message}`);
    }
    if (code === 'NO_LIBPCAP') {
      throw coded(code, `filters need libpcap (${message}): install the package libpcap0.8, or leave the filter out`);
    }
    throw error;
  }
}

/** A program of one instruction, `ret #snapLength`: everything passes, cut to that length. */
export function acceptAll(snapLength: number): Uint8Array {
  const instruction = new Uint8Array(8);
  const view = new DataView(instruction.buffer);
  // BPF_RET | BPF_K of linux/bpf_common.h.
  view.setUint16(0, 0x06, true);
  view.setUint32(4, snapLength, true);
  return instruction;
}

function coded(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
