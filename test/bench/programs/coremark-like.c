/* Lists, matrices, a state machine and CRCs, in the spirit of CoreMark. */
#include "kernels.h"
#include "workload.h"

static uint64_t run(void) { return mixed_run(0x66, 10000); }

const struct workload workload = {"coremark-like", run, 0x20d7fd29};
