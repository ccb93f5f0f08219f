/* Dependent loads round a ring of 256 KiB. */
#include "kernels.h"
#include "workload.h"

enum { LINKS = (256 << 10) / sizeof(struct link), STEPS = 150000000 };

static struct link links[LINKS];

static uint64_t run(void) {
  chase_prepare(links, LINKS, 88172645);
  return chase_follow(links, STEPS);
}

const struct workload workload = {"pointer-chase", run, 0x3faa8aa8f3a908f3};
