/* Exceptions in machine mode: cause, mepc and mtval of each. */
#include "traps.h"

#define EXPECT(name, provoker, argument, cause, value) \
  do {                                                 \
    forget();                                          \
    provoker(argument);                                \
    check(name, took(cause, (uint64_t)provoker##_at, value)); \
  } while (0)

static uint64_t data[4] = {0x1122334455667788, 0x99aabbccddeeff00};

/* The manual leaves mtval of a breakpoint open: zero or the address. */
static void breakpoint(const char *name, uint64_t (*provoker)(uint64_t), const char *at) {
  forget();
  provoker(0);
  check(name, took(CAUSE_BREAKPOINT, (uint64_t)at, 0) || took(CAUSE_BREAKPOINT, (uint64_t)at, (uint64_t)at));
}

static void misaligned(void) {
  uint64_t at = (uint64_t)data + 1;
  // QEMU 7 with one hart takes an AMO apart, and it is the load that faults.
  enum cause amo = is_qemu_7() && harts == 1 ? CAUSE_LOAD_MISALIGNED : CAUSE_STORE_MISALIGNED;
  EXPECT("misaligned amoadd.w", do_amo, at, amo, at);
  EXPECT("misaligned amoadd.d", do_amo_wide, at + 3, amo, at + 3);
  EXPECT("misaligned lr.d", do_load_reserved, at + 3, CAUSE_LOAD_MISALIGNED, at + 3);
  forget();
  check("misaligned load", do_load(at) == 0x0011223344556677 && traps == 0);
  do_store(at);
  check("misaligned store", data[0] == 0x88 && data[1] == 0x99aabbccddeeff00 >> 8 << 8 && traps == 0);
}

static void nothing_there(void) {
  EXPECT("load from a hole", do_load, HOLE, CAUSE_LOAD_ACCESS, HOLE);
  EXPECT("store to a hole", do_store, HOLE + 8, CAUSE_STORE_ACCESS, HOLE + 8);
  forget();
  ((void (*)(void))HOLE)();
  check("jump into a hole", took(CAUSE_FETCH_ACCESS, HOLE, HOLE));
}

void test_exceptions(void) {
  EXPECT("illegal instruction", do_illegal, 0, CAUSE_ILLEGAL, 0xffffffff);
  EXPECT("illegal compressed instruction", do_illegal_compressed, 0, CAUSE_ILLEGAL, 0);
  EXPECT("ecall from machine mode", do_ecall, 0, CAUSE_ECALL_MACHINE, 0);
  breakpoint("ebreak", do_ebreak, do_ebreak_at);
  breakpoint("c.ebreak", do_ebreak_compressed, do_ebreak_compressed_at);
  EXPECT("unknown CSR", do_unknown_csr, 0, CAUSE_ILLEGAL, *(uint32_t *)do_unknown_csr_at);
  EXPECT("write to a read-only CSR", do_write_read_only_csr, 0, CAUSE_ILLEGAL, *(uint32_t *)do_write_read_only_csr_at);
  misaligned();
  nothing_there();
}
