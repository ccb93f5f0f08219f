/* A bytecode interpreter that calls a function for each instruction. */
#include "bytecode/bytecode.h"
#include "workload.h"

static uint64_t run(void) { return bytecode_run_calls(bytecode_collatz, 100000); }

const struct workload workload = {"bytecode-calls", run, 0xa416b0};
