/* Mixed arithmetic, 32 and 64 bits wide, out of registers. */
#include "kernels.h"
#include "workload.h"

static uint64_t run(void) { return alu_mix(0x123456789abcdef, 80000000); }

const struct workload workload = {"integer", run, 0x6cc11bacefaf9408};
