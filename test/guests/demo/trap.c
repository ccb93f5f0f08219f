/* The trap handler: ticks, input, and what user mode has done. */
#include "demo.h"

uint64_t timer_ticks[HARTS_MAX];

static void external(void) {
  unsigned irq = plic_claim();
  if (irq == UART_IRQ) shell_receive();
  if (irq != 0) plic_complete(irq);
}

static void report(const struct trap_frame *frame) {
  printf("trap out of user mode: %s\n", trap_name(frame->cause));
  printf("  mcause %016lx\n  mepc   %016lx\n  mtval  %016lx\n", frame->cause, frame->pc, frame->value);
}

void on_trap(struct trap_frame *frame) {
  if (frame->cause == (CAUSE_INTERRUPT | IRQ_TIMER)) {
    timer_ticks[hart_id()]++;
    timer_set(rdtime() + TICK);
  } else if (frame->cause == (CAUSE_INTERRUPT | IRQ_EXTERNAL)) {
    external();
  } else if (user_returns(frame)) {
    user_leave(frame, frame->x[10]);
  } else if ((frame->status & MSTATUS_MPP) == 0) {
    report(frame);
    user_leave(frame, 0);
  } else {
    trap_panic(frame);
  }
}
