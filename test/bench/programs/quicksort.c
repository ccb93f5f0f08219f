/* Quicksort with a comparison callback, as the C library's. */
#include "kernels.h"
#include "workload.h"

enum { ITEMS = 1 << 16, ROUNDS = 36 };

static uint32_t items[ITEMS];

static uint64_t run(void) {
  uint32_t seed = 2463534242, crc = 0;
  for (int round = 0; round < ROUNDS; round++) {
    for (int index = 0; index < ITEMS; index++) items[index] = random_next(&seed);
    sort(items, ITEMS, compare_ascending);
    for (int index = 1; index < ITEMS; index++)
      if (items[index - 1] > items[index]) return 0;
    crc = crc32(crc, items, 4096);
  }
  return crc;
}

const struct workload workload = {"quicksort", run, 0x779347e3};
