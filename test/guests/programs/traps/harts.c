/* Software interrupts from one hart to the next, there and back. */
#include "traps.h"

static volatile unsigned answered;
static struct barrier barrier;

static bool await_ipi(void) {
  uint64_t end = rdtime() + 5 * TICKS_PER_SECOND;
  while (!(csr_read(mip) & 1 << IRQ_SOFTWARE))
    if (rdtime() > end) return false;
  return true;
}

static void answer(unsigned hart) {
  if (!await_ipi()) return;
  ipi_clear(hart);
  ipi_send(0);
}

static void call(void) {
  for (unsigned other = 1; other < harts; other++) {
    ipi_send(other);
    if (!await_ipi()) return;
    ipi_clear(0);
    answered++;
  }
}

/* Hart 0 calls every other one in turn; each answers. The barriers keep this apart from the interrupts of harts_run. */
static void call_and_answer(unsigned hart) {
  barrier_wait(&barrier, harts);
  if (hart == 0) call();
  else answer(hart);
  barrier_wait(&barrier, harts);
}

static volatile uint64_t taken[HARTS_MAX];
static volatile bool ready[HARTS_MAX];

static void take(struct trap_frame *frame) {
  taken[hart_id()] = frame->cause;
  ipi_clear(hart_id());
}

/* Each hart takes the interrupt as a trap. */
static void take_traps(unsigned hart) {
  if (hart == 0) {
    for (unsigned other = 1; other < harts; other++) {
      while (!ready[other]) continue;
      ipi_send(other);
    }
    return;
  }
  csr_write(mie, 1 << IRQ_SOFTWARE);
  interrupts_on();
  ready[hart] = true;
  uint64_t end = rdtime() + 5 * TICKS_PER_SECOND;
  while (taken[hart] == 0 && rdtime() < end) continue;
  interrupts_off();
}

void test_between_harts(void) {
  if (harts == 1) return;
  harts_run(harts, call_and_answer);
  check("software interrupts there and back", answered == harts - 1);
  trap_handler = take;
  harts_run(harts, take_traps);
  trap_handler = record;
  unsigned right = 0;
  for (unsigned hart = 1; hart < harts; hart++) right += taken[hart] == (CAUSE_INTERRUPT | IRQ_SOFTWARE);
  check("software interrupts taken by the others", right == harts - 1);
}
