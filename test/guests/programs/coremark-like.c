/* Lists, matrices, a state machine and CRCs: the benchmark of that name for a fraction of a second. */
#include "kernels.h"
#include "workload.h"

static uint64_t run(void) { return mixed_run(0x3415, 40); }

const struct workload workload = {"coremark-like", run, 0x2dfba28c};
