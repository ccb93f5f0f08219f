/* SHA-256 of what SHA-256 gave before. */
#include <string.h>

#include "kernels.h"
#include "workload.h"

enum { BYTES = 4096, ROUNDS = 20000 };

static uint8_t data[BYTES];

static uint64_t run(void) {
  uint64_t result;
  for (int round = 0; round < ROUNDS; round++) sha256(data + 32 * (round % (BYTES / 32)), data, BYTES);
  memcpy(&result, data, sizeof result);
  return result;
}

const struct workload workload = {"sha256", run, 0x8e2889cfde22553c};
