/* Runs the program's workload on the guest; exits with 0 if the checksum is the expected one, else with 1. */
#include "workload.h"

#include "runtime.h"

int main(void) {
  uint64_t instret = rdinstret(), ticks = rdtime();
  uint64_t checksum = workload.run();
  ticks = rdtime() - ticks;
  instret = rdinstret() - instret;
  printf("%s checksum=%016lx instret=%lu ticks=%lu\n", workload.name, checksum, instret, ticks);
  if (checksum == workload.checksum) return 0;
  printf("%s: wrong checksum, expected %016lx\n", workload.name, workload.checksum);
  return 1;
}
