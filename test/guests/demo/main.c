/* Sets the machine up, then alternates between work and shell. */
#include "demo.h"

static void sleep_until_interrupt(void) {
  interrupts_off();
  if (!shell_has_input()) wfi();
  interrupts_on();
}

int main(void) {
  printf("Vivarium demo guest on %u hart%s. Type `help` for the commands.\n", harts, harts == 1 ? "" : "s");
  trap_handler = on_trap;
  plic_enable(0, UART_IRQ);
  uart_interrupts(UART_IER_RECEIVED);
  timer_set(rdtime() + TICK);
  csr_write(mie, 1 << IRQ_TIMER | 1 << IRQ_EXTERNAL);
  interrupts_on();
  schedule_rotation();
  for (;;) {
    shell_poll();
    if (!schedule_step()) sleep_until_interrupt();
  }
}
