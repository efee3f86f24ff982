/* What a uprobe is given: the user's registers (x86_64, as in asm/ptrace.h), and where a result lies among them. */
#ifndef DEEPFLOW_REGISTERS_H
#define DEEPFLOW_REGISTERS_H

#include "../shared/core.h"
#include "probes.h"

struct registers { __u64 r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip, cs, flags, sp, ss; };

/* Registers in the order of their numbers in machine code. */
static __always_inline __u64 read_register(const struct registers *context, __u32 number) {
  struct registers registers;
  if (bpf_probe_read_kernel(&registers, sizeof(registers), context)) return 0;
  switch (number) {
    case 1: return registers.cx;
    case 2: return registers.dx;
    case 3: return registers.bx;
    case 4: return registers.sp;
    case 5: return registers.bp;
    case 6: return registers.si;
    case 7: return registers.di;
    case 8: return registers.r8;
    case 9: return registers.r9;
    case 10: return registers.r10;
    case 11: return registers.r11;
    case 12: return registers.r12;
    case 13: return registers.r13;
    case 14: return registers.r14;
    case 15: return registers.r15;
    default: return registers.ax;
  }
}

/* The value that a cookie names; that of rax, where results are, when it names nothing else. */
static __always_inline __u64 read_named(const struct registers *context, __u64 cookie) {
  if (!(cookie & (COOKIE_MEMORY | 0xff))) return context->ax;
  __u64 value = read_register(context, cookie & 0xff);
  if (!(cookie & COOKIE_MEMORY)) return value;
  __u64 address = value + (__s64)(__s32)(cookie >> 32);
  value = 0;
  bpf_probe_read_user(&value, sizeof(value), (void *)address);
  return value;
}

#endif
