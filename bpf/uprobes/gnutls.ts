/** Where the calls of GnuTLS are probed. */
import { type ElfFile, machines } from '../elf/file.ts';
import { findFunctions } from '../elf/symbols.ts';
import { callPoints, entryOnly, functionBytes, type ProbePoint } from './point.ts';
import type { Register } from './writes.ts';

/**
 * BPF programs of GnuTLS's calls. Arguments by C's rules (rdi, rsi, rdx):
 *   gnutls_read, gnutls_write    session, buffer, size_t length; result: bytes, or < 0
 *   gnutls_handshake             session; result: 0 when it is done
 *   gnutls_set_fd                session, int: gnutls_transport_set_int2 (its receiving descriptor)
 *   gnutls_set_pointer           session, pointer, in which most programs keep a descriptor
 *   gnutls_free                  session: gnutls_bye, gnutls_deinit
 */
export type GnutlsProgram =
  | 'gnutls_read'
  | 'gnutls_read_leave'
  | 'gnutls_write'
  | 'gnutls_write_leave'
  | 'gnutls_handshake'
  | 'gnutls_handshake_leave'
  | 'gnutls_set_fd'
  | 'gnutls_set_pointer'
  | 'gnutls_free';

interface Call {
  enter: GnutlsProgram;
  leave?: GnutlsProgram;
  keep: readonly Register[];
}

const pointer: Call = { enter: 'gnutls_set_pointer', keep: ['rdi', 'rsi'] };

/** gnutls_record_send2 is not here: gnutls_record_send goes through it, and a call would be seen twice. */
const calls: Readonly<Record<string, Call>> = {
  gnutls_record_recv: { enter: 'gnutls_read', leave: 'gnutls_read_leave', keep: ['rdi', 'rsi', 'rdx'] },
  gnutls_record_send: { enter: 'gnutls_write', leave: 'gnutls_write_leave', keep: ['rdi', 'rsi', 'rdx'] },
  gnutls_handshake: { enter: 'gnutls_handshake', leave: 'gnutls_handshake_leave', keep: ['rdi'] },
  gnutls_transport_set_int2: { enter: 'gnutls_set_fd', keep: ['rdi', 'rsi'] },
  gnutls_transport_set_ptr: pointer,
  gnutls_transport_set_ptr2: pointer,
  gnutls_bye: { enter: 'gnutls_free', keep: ['rdi'] },
  gnutls_deinit: { enter: 'gnutls_free', keep: ['rdi'] },
};

/** Points in this file; undefined when it does not hold GnuTLS. */
export function gnutlsPoints(file: ElfFile): ProbePoint<GnutlsProgram>[] | undefined {
  if (machines[file.machine] !== 'x86-64') return undefined;
  const symbols = findFunctions(file, Object.keys(calls));
  if (!symbols.has('gnutls_record_recv') || !symbols.has('gnutls_record_send')) return undefined;
  const points: ProbePoint<GnutlsProgram>[] = [];
  for (const [name, { enter, leave, keep }] of Object.entries(calls)) {
    const symbol = symbols.get(name);
    if (symbol === undefined) continue;
    const code = functionBytes(file, symbol);
    if (leave === undefined) points.push(entryOnly(code, enter, keep));
    else points.push(...callPoints(code, { enter, leave, keep }));
  }
  return points;
}
