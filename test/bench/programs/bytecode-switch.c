/* A bytecode interpreter whose loop is a switch. */
#include "bytecode/bytecode.h"
#include "workload.h"

static uint64_t run(void) { return bytecode_run_switch(bytecode_collatz, 100000); }

const struct workload workload = {"bytecode-switch", run, 0xa416b0};
