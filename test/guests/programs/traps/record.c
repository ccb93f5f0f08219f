/* The trap handler of the tests, and how they report. */
#include "traps.h"

volatile struct trap_frame last;
volatile uint64_t causes[CAUSES_KEPT];
volatile unsigned traps;
unsigned checks, failures;

void forget(void) { traps = 0; }

/* Without this the interrupt would be taken again at once. */
static void quiet(uint64_t cause) {
  if (cause == (CAUSE_INTERRUPT | IRQ_SOFTWARE)) ipi_clear(hart_id());
  if (cause == (CAUSE_INTERRUPT | IRQ_TIMER)) timer_set(~0ul);
  if (cause == (CAUSE_INTERRUPT | IRQ_EXTERNAL)) {
    unsigned irq = plic_claim();
    uart_interrupt_cause();
    uart_interrupts(0);
    plic_complete(irq);
  }
}

void record(struct trap_frame *frame) {
  if (user_returns(frame)) {
    user_leave(frame, frame->x[10]);
    return;
  }
  last = *frame;
  if (traps < CAUSES_KEPT) causes[traps] = frame->cause;
  traps++;
  if (frame->cause & CAUSE_INTERRUPT) quiet(frame->cause);
  else if (frame->cause == CAUSE_FETCH_ACCESS) frame->pc = frame->x[1];
  else frame->pc += instruction_bytes(frame->pc);
}

void check(const char *name, bool condition) {
  checks++;
  if (condition) {
    printf("ok %s\n", name);
    return;
  }
  failures++;
  printf("FAILED %s: %u traps, the last one: %s, pc=%lx value=%lx status=%lx\n", name, traps, trap_name(last.cause),
         last.pc, last.value, last.status);
}

bool took(uint64_t cause, uint64_t pc, uint64_t value) {
  return traps == 1 && last.cause == cause && last.pc == pc && last.value == value;
}

uint64_t in_user_mode(uint64_t (*function)(uint64_t), uint64_t argument) {
  static char stack[4096] __attribute__((aligned(16)));
  return user_call(function, argument, stack + sizeof stack);
}
