/* Which phase runs, for how long, and what has come out of it. */
#include "demo.h"

enum { REPORT_SECONDS = 3 };

static enum { ROTATION, ONE_PHASE, NOTHING } mode;
static unsigned current;
/* Of the current phase. Rounds since its last line, rounds that are still to do (0: no limit), when the line is due. */
static uint32_t rounds_reported, rounds_left;
static uint64_t report_at;

/* What each hart has done since the start; a cache line each. */
static struct {
  uint64_t rounds, wrong, instret;
  uint64_t unused[5];
} harts_done[HARTS_MAX];

static void begin(unsigned phase) {
  current = phase;
  rounds_reported = 0;
  report_at = rdtime() + REPORT_SECONDS * TICKS_PER_SECOND;
}

void schedule_rotation(void) {
  mode = ROTATION;
  rounds_left = 0;
  begin(current < PHASES_IN_ROTATION ? current : 0);
}

void schedule_phase(unsigned phase, uint32_t rounds) {
  mode = ONE_PHASE;
  rounds_left = rounds;
  begin(phase);
}

void schedule_nothing(void) { mode = NOTHING; }

static void round_on(unsigned hart) {
  csr_set(mie, 1 << IRQ_TIMER);
  interrupts_on();
  uint32_t seed = (harts_done[hart].rounds * HARTS_MAX + hart) * 2654435761u | 1;
  harts_done[hart].wrong += !phases[current].round(hart, seed);
  harts_done[hart].rounds++;
  harts_done[hart].instret = rdinstret();
  if (hart != 0) interrupts_off();
}

static uint64_t wrong_in_all(void) {
  uint64_t wrong = 0;
  for (unsigned hart = 0; hart < harts; hart++) wrong += harts_done[hart].wrong;
  return wrong;
}

static void print_seconds(void) {
  uint64_t tenths = rdtime() / (TICKS_PER_SECOND / 10);
  printf("[%5lu.%lu s] ", tenths / 10, tenths % 10);
}

static void report(void) {
  static uint64_t wrong_before;
  uint64_t wrong = wrong_in_all();
  shell_begin_output();
  print_seconds();
  printf("%-8s %6u rounds on each of %u harts, ", phases[current].name, rounds_reported, harts);
  if (wrong == wrong_before) printf("all right\n");
  else printf("%lu WRONG\n", wrong - wrong_before);
  shell_end_output();
  wrong_before = wrong;
}

bool schedule_step(void) {
  if (mode == NOTHING) return false;
  harts_run(harts, round_on);
  rounds_reported++;
  bool last = rounds_left != 0 && --rounds_left == 0;
  if (last || rdtime() >= report_at) {
    report();
    begin(mode == ROTATION ? (current + 1) % PHASES_IN_ROTATION : current);
  }
  if (last) mode = NOTHING;
  return true;
}

void schedule_print_mode(void) {
  print_seconds();
  if (mode == NOTHING) printf("stopped\n");
  else if (mode == ROTATION) printf("running %s, then the others in turn\n", phases[current].name);
  else if (rounds_left == 0) printf("running %s\n", phases[current].name);
  else printf("running %s, %u rounds\n", phases[current].name, rounds_left);
}

void schedule_print_status(void) {
  schedule_print_mode();
  printf("hart       rounds  wrong           instret   ticks\n");
  for (unsigned hart = 0; hart < harts; hart++)
    printf("%4u %12lu %6lu %17lu %7lu\n", hart, harts_done[hart].rounds, harts_done[hart].wrong,
           harts_done[hart].instret, timer_ticks[hart]);
}
