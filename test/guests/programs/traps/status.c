/* mstatus across traps and mret (privileged manual, "Privilege and Global Interrupt-Enable Stack"). */
#include "traps.h"

static uint64_t nothing(uint64_t argument) { return argument; }

void test_status(void) {
  forget();
  do_ecall(0);
  uint64_t after = csr_read(mstatus);
  check("trap with MIE clear: MPIE clear, MPP machine",
        (last.status & (MSTATUS_MIE | MSTATUS_MPIE | MSTATUS_MPP)) == MSTATUS_MPP);
  check("mret: MIE from MPIE, MPIE set, MPP user",
        (after & (MSTATUS_MIE | MSTATUS_MPIE | MSTATUS_MPP)) == MSTATUS_MPIE);

  forget();
  interrupts_on();
  do_ecall(0);
  after = csr_read(mstatus);
  interrupts_off();
  check("trap with MIE set: MPIE set, MIE clear",
        (last.status & (MSTATUS_MIE | MSTATUS_MPIE | MSTATUS_MPP)) == (MSTATUS_MPIE | MSTATUS_MPP));
  check("mret with MPIE set: MIE set", (after & (MSTATUS_MIE | MSTATUS_MPIE)) == (MSTATUS_MIE | MSTATUS_MPIE));

  csr_set(mstatus, MSTATUS_MPP);
  check("MPP holds machine", (csr_read(mstatus) & MSTATUS_MPP) == MSTATUS_MPP);
  csr_clear(mstatus, MSTATUS_MPP);
  check("MPP holds user", (csr_read(mstatus) & MSTATUS_MPP) == 0);

  csr_set(mstatus, MSTATUS_MPRV);
  in_user_mode(nothing, 0);
  check("mret to user mode clears MPRV", (csr_read(mstatus) & MSTATUS_MPRV) == 0 || is_qemu_7());
  csr_clear(mstatus, MSTATUS_MPRV);

  csr_write(mscratch, 0x123456789abcdef);
  check("mscratch keeps 64 bits", csr_read(mscratch) == 0x123456789abcdef);
  csr_write(mscratch, 0);
}
