/* Interrupts of one hart: timer, software, external; direct and vectored; and waiting for them. */
#include "traps.h"

enum { SOON = TICKS_PER_SECOND / 1000, LONG = TICKS_PER_SECOND * 5 };

/* Waits, with interrupts on, until a trap was taken; gives up after a long time. */
static void await_trap(void) {
  uint64_t end = rdtime() + LONG;
  interrupts_on();
  while (traps == 0 && rdtime() < end) continue;
  interrupts_off();
}

/* As `await_trap`, but asleep: an interrupt that ends `wfi` is taken when interrupts come on. */
static void sleep_until_trap(void) {
  while (traps == 0) {
    wfi();
    interrupts_on();
    interrupts_off();
  }
}

static bool interrupted(enum interrupt irq) {
  return traps == 1 && last.cause == (CAUSE_INTERRUPT | irq) && last.value == 0;
}

static uint64_t spin_until(uint64_t end) {
  while (rdtime() < end && traps == 0) continue;
  return rdtime();
}

static void timer(void) {
  csr_write(mie, 1 << IRQ_TIMER);
  uint64_t start = rdtime();
  forget();
  timer_set(start + SOON);
  await_trap();
  check("timer interrupt", interrupted(IRQ_TIMER) && rdtime() >= start + SOON);
  check("timer withdrawn", !(csr_read(mip) & 1 << IRQ_TIMER));

  forget();
  timer_set(rdtime() + SOON);
  sleep_until_trap();
  check("wfi ends by the timer", interrupted(IRQ_TIMER));

  // Interrupts off: wfi still ends, and nothing is taken.
  forget();
  timer_set(rdtime() + SOON);
  do wfi();
  while (!(csr_read(mip) & 1 << IRQ_TIMER));
  check("wfi with MIE clear ends, no trap", traps == 0);
  timer_set(~0ul);

  // Below machine mode MIE does not matter.
  csr_write_if_present(scounteren, ~0ul);
  csr_write(mcounteren, ~0ul);
  forget();
  timer_set(rdtime() + SOON);
  in_user_mode(spin_until, rdtime() + LONG);
  check("timer interrupts user mode with MIE clear", interrupted(IRQ_TIMER) && (last.status & MSTATUS_MPP) == 0);
}

static void software(void) {
  csr_write(mie, 1 << IRQ_SOFTWARE);
  forget();
  ipi_send(0);
  await_trap();
  check("software interrupt to oneself", interrupted(IRQ_SOFTWARE));

  csr_write(mie, 0);
  forget();
  ipi_send(0);
  while (!(csr_read(mip) & 1 << IRQ_SOFTWARE)) continue;
  interrupts_on();
  interrupts_off();
  check("disabled in mie: pending, not taken", traps == 0);
  csr_write(mie, 1 << IRQ_SOFTWARE);
  await_trap();
  check("taken once mie allows it", interrupted(IRQ_SOFTWARE));
}

static void external(void) {
  csr_write(mie, 1 << IRQ_EXTERNAL);
  plic_enable(0, UART_IRQ);
  forget();
  uart_interrupts(UART_IER_TRANSMITTER_EMPTY);
  await_trap();
  check("external interrupt of the UART", interrupted(IRQ_EXTERNAL));
  check("nothing more to claim", plic_claim() == 0);
}

/* All at once: external before software before timer, each as soon as the `mret` of the one before lets it. */
static void priorities(void) {
  uint64_t all = 1 << IRQ_EXTERNAL | 1 << IRQ_SOFTWARE | 1 << IRQ_TIMER, end = rdtime() + LONG;
  csr_write(mie, all);
  uart_interrupts(UART_IER_TRANSMITTER_EMPTY);
  ipi_send(0);
  timer_set(0);
  while ((csr_read(mip) & all) != all && rdtime() < end) continue;
  forget();
  interrupts_on();
  while (traps < 3 && rdtime() < end) continue;
  interrupts_off();
  static const enum interrupt manual[] = {IRQ_EXTERNAL, IRQ_SOFTWARE, IRQ_TIMER};
  // QEMU 7 goes by the number of the interrupt.
  static const enum interrupt by_number[] = {IRQ_SOFTWARE, IRQ_TIMER, IRQ_EXTERNAL};
  const enum interrupt *order = is_qemu_7() ? by_number : manual;
  bool right = traps == 3;
  for (int index = 0; index < 3; index++) right &= causes[index] == (CAUSE_INTERRUPT | order[index]);
  check("priorities: external, software, timer", right);
}

static void vectored(void) {
  uint64_t direct = csr_read(mtvec);
  csr_write(mtvec, (uint64_t)vector_table | 1);
  check("mtvec keeps vectored mode", csr_read(mtvec) == ((uint64_t)vector_table | 1));
  vector_taken = 99;
  do_ecall(0);
  check("vectored: exception at the base", vector_taken == 0);
  csr_write(mie, 1 << IRQ_SOFTWARE);
  forget();
  ipi_send(0);
  await_trap();
  check("vectored: software interrupt at 3", vector_taken == 3);
  csr_write(mie, 1 << IRQ_TIMER);
  forget();
  timer_set(0);
  await_trap();
  check("vectored: timer interrupt at 7", vector_taken == 7);
  csr_write(mie, 1 << IRQ_EXTERNAL);
  forget();
  uart_interrupts(UART_IER_TRANSMITTER_EMPTY);
  await_trap();
  check("vectored: external interrupt at 11", vector_taken == 11);
  csr_write(mtvec, direct);
}

static void counters(void) {
  uint64_t cycle = rdcycle(), time = rdtime(), instret = rdinstret();
  spin_until(time + SOON);
  check("cycle counts", rdcycle() > cycle);
  check("time counts", rdtime() >= time + SOON);
  check("instret counts", rdinstret() > instret);
}

void test_interrupts(void) {
  timer();
  software();
  external();
  priorities();
  vectored();
  forget();
  counters();
  csr_write(mie, 0);
}
