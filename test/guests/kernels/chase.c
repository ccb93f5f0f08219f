/* A chain of loads, each of which waits for the one before. */
#include "kernels.h"

void chase_prepare(struct link *links, size_t count, uint32_t seed) {
  // Sattolo's shuffle: a permutation that is one cycle.
  for (size_t index = 0; index < count; index++) links[index].weight = index;
  for (size_t index = count - 1; index > 0; index--) {
    size_t other = random_next(&seed) % index;
    uint64_t kept = links[index].weight;
    links[index].weight = links[other].weight;
    links[other].weight = kept;
  }
  for (size_t index = 0; index < count; index++) links[index].next = &links[links[index].weight];
}

uint64_t chase_follow(const struct link *link, uint64_t steps) {
  uint64_t sum = 0;
  for (uint64_t step = 0; step < steps; step++) {
    sum += step * link->weight;
    link = link->next;
  }
  return sum;
}
