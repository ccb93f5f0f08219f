/* User mode: how it is entered and left, and what it may not do. */
#include "traps.h"

enum { CYCLE = 1, TIME = 2, INSTRET = 4 };

static uint64_t twice(uint64_t argument) { return 2 * argument; }

static void forbidden(const char *name, uint64_t (*provoker)(uint64_t), const char *at) {
  forget();
  in_user_mode(provoker, 0);
  check(name, took(CAUSE_ILLEGAL, (uint64_t)at, *(const uint32_t *)at) && (last.status & MSTATUS_MPP) == 0);
}

/* With a supervisor mode, scounteren has a say as well. */
static void allow_counters(uint64_t counters) {
  csr_write(mcounteren, counters);
  csr_write_if_present(scounteren, counters);
}

static void counters(void) {
  allow_counters(0);
  forbidden("rdcycle in user mode, not allowed", do_read_cycle, do_read_cycle_at);
  forbidden("rdtime in user mode, not allowed", do_read_time, do_read_time_at);
  forbidden("rdinstret in user mode, not allowed", do_read_instret, do_read_instret_at);
  allow_counters(CYCLE | TIME | INSTRET);
  forget();
  uint64_t cycle = rdcycle(), time = rdtime(), instret = rdinstret();
  check("rdcycle in user mode, allowed", in_user_mode(do_read_cycle, 0) > cycle && traps == 0);
  check("rdtime in user mode, allowed", in_user_mode(do_read_time, 0) >= time && traps == 0);
  check("rdinstret in user mode, allowed", in_user_mode(do_read_instret, 0) > instret && traps == 0);
}

void test_user_mode(void) {
  forget();
  check("a call in user mode", in_user_mode(twice, 21) == 42 && traps == 0);
  in_user_mode(do_ecall, 0);
  check("ecall from user mode", took(CAUSE_ECALL_USER, (uint64_t)do_ecall_at, 0) && (last.status & MSTATUS_MPP) == 0);
  forget();
  in_user_mode(do_illegal, 0);
  check("illegal instruction in user mode", took(CAUSE_ILLEGAL, (uint64_t)do_illegal_at, 0xffffffff));
  forget();
  in_user_mode(do_store, HOLE);
  check("store to a hole in user mode", took(CAUSE_STORE_ACCESS, (uint64_t)do_store_at, HOLE));
  forbidden("mstatus in user mode", do_read_mstatus, do_read_mstatus_at);
  forbidden("mret in user mode", do_mret, do_mret_at);
  counters();
}
