/* Records, procedure calls and short strings, in the spirit of Dhrystone. */
#include "kernels.h"
#include "workload.h"

static uint64_t run(void) { return records_run(2000000); }

const struct workload workload = {"dhrystone-like", run, 0x1bff0007960a718};
