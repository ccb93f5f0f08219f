/* Runs a program's workload on the host: a second opinion on what must come out. */
#include "workload.h"

#include <stdio.h>

int main(void) {
  uint64_t checksum = workload.run();
  printf("%s checksum=%016llx\n", workload.name, (unsigned long long)checksum);
  return checksum == workload.checksum ? 0 : 1;
}
