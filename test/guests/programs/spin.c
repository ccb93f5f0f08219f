/* Every hart loads, adds and stores, for ever: something steady to look at. */
#include "runtime.h"

/* How often each hart has been round; a cache line each. */
static volatile struct {
  uint64_t rounds;
  uint64_t unused[7];
} counters[HARTS_MAX];

static void spin(unsigned hart) {
  for (;;) counters[hart].rounds++;
}

int main(void) {
  printf("spin: %u harts\n", harts);
  harts_run(harts, spin);
  return 0;
}
