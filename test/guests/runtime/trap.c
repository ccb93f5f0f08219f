/* What C does about traps; crt.S makes and unmakes their frames. */
#include "runtime.h"

_Static_assert(offsetof(struct trap_frame, pc) == FRAME_PC, "crt.S uses the same offsets");
_Static_assert(offsetof(struct trap_frame, status) == FRAME_STATUS, "crt.S uses the same offsets");
_Static_assert(offsetof(struct trap_frame, cause) == FRAME_CAUSE, "crt.S uses the same offsets");
_Static_assert(offsetof(struct trap_frame, value) == FRAME_VALUE, "crt.S uses the same offsets");
_Static_assert(sizeof(struct trap_frame) == FRAME_BYTES, "crt.S uses the same size");

extern char user_exit[], user_left[];

void (*trap_handler)(struct trap_frame *frame) = trap_panic;

const char *trap_name(uint64_t cause) {
  static const char *const exceptions[] = {
    "instruction address misaligned", "instruction access fault", "illegal instruction", "breakpoint",
    "load address misaligned",        "load access fault",        "store address misaligned", "store access fault",
    "ecall from user mode",           "ecall from supervisor mode", "reserved", "ecall from machine mode",
  };
  switch (cause) {
    case CAUSE_INTERRUPT | IRQ_SOFTWARE: return "software interrupt";
    case CAUSE_INTERRUPT | IRQ_TIMER: return "timer interrupt";
    case CAUSE_INTERRUPT | IRQ_EXTERNAL: return "external interrupt";
  }
  return cause < sizeof exceptions / sizeof exceptions[0] ? exceptions[cause] : "unknown";
}

void trap_panic(struct trap_frame *frame) {
  printf("hart %u: unexpected trap: %s (mcause=0x%lx mepc=0x%lx mtval=0x%lx)\n", hart_id(), trap_name(frame->cause),
         frame->cause, frame->pc, frame->value);
  exit(1);
}

bool user_returns(const struct trap_frame *frame) {
  return frame->cause == CAUSE_ECALL_USER && frame->pc == (uint64_t)user_exit;
}

void user_leave(struct trap_frame *frame, uint64_t value) {
  frame->pc = (uint64_t)user_left;
  frame->status |= MSTATUS_MPP;
  frame->x[2] = (uint64_t)(frame + 1);
  frame->x[10] = value;
}
