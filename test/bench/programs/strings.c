/* memcpy, strlen and strcmp. */
#include "kernels.h"
#include "workload.h"

static uint64_t run(void) { return strings_run(20000); }

const struct workload workload = {"strings", run, 0xd65f73e24e85d0df};
