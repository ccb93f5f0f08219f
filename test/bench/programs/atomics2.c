/*
 * Two harts at the same words: atomic additions, load-reserved/store-conditional loops and a spinlock. Its checksum is
 * what the counters must add up to, known beforehand; needs two harts.
 */
#include "runtime.h"
#include "workload.h"

enum { HARTS = 2, ROUNDS = 4000000 };

static uint64_t added, exchanged, locked;
static struct spinlock lock;

static void work(unsigned hart) {
  (void)hart;
  for (int round = 0; round < ROUNDS; round++) {
    __atomic_fetch_add(&added, 1, __ATOMIC_RELAXED);
    uint64_t old = __atomic_load_n(&exchanged, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(&exchanged, &old, old + 1, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) continue;
    spinlock_acquire(&lock);
    locked++;
    spinlock_release(&lock);
  }
}

static uint64_t run(void) {
  if (harts < HARTS) {
    printf("atomics2 needs %u harts, the machine has %u (-smp)\n", HARTS, harts);
    exit(1);
  }
  harts_run(HARTS, work);
  return added == exchanged && exchanged == locked ? added : 0;
}

const struct workload workload = {"atomics2", run, HARTS * ROUNDS};
