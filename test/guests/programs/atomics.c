/*
 * Every atomic instruction, by all harts at once at the same words. What is left must not depend on who came first, nor
 * on how many harts there are: the work is shared out, not multiplied.
 */
#include "kernels.h"
#include "runtime.h"

/* Divisible by every number of harts from 1 to 8. */
enum { ROUNDS = 840 * 12 };

#define AMO(operation, width, address, operand)                                                                 \
  ({ uint##width##_t old_;                                                                                      \
     __asm__ volatile(operation " %0, %2, %1" : "=r"(old_), "+A"(*(address)) : "r"((uint64_t)(operand)) : "memory"); \
     old_; })

static struct spinlock lock;
static struct barrier barrier;

static struct {
  uint32_t added32, reserved32, xored32, anded32, ored32;
  uint64_t added64, reserved64, xored64, anded64, ored64;
  uint64_t locked, seen, swapped, message[HARTS_MAX];
} shared;
/* Least and greatest, signed and unsigned, 32 and 64 bits wide. */
static int32_t min32, max32;
static uint32_t minu32, maxu32;
static int64_t min64, max64;
static uint64_t minu64, maxu64;

static uint64_t number(uint32_t index) {
  uint32_t state = index * 2654435761u | 1;
  uint64_t high = random_next(&state);
  return high << 32 | random_next(&state);
}

static void add_reserved32(uint32_t *word, uint32_t amount) {
  uint32_t failed, sum;
  __asm__ volatile("1: lr.w %1, %2\n add %1, %1, %3\n sc.w %0, %1, %2\n bnez %0, 1b"
                   : "=&r"(failed), "=&r"(sum), "+A"(*word) : "r"(amount) : "memory");
}
static void add_reserved64(uint64_t *word, uint64_t amount) {
  uint64_t failed, sum;
  __asm__ volatile("1: lr.d %1, %2\n add %1, %1, %3\n sc.d %0, %1, %2\n bnez %0, 1b"
                   : "=&r"(failed), "=&r"(sum), "+A"(*word) : "r"(amount) : "memory");
}

static void round_of(uint32_t index) {
  uint64_t value = number(index), bit = 1ul << index % 64;
  AMO("amoadd.w", 32, &shared.added32, value);
  AMO("amoadd.d", 64, &shared.added64, value);
  add_reserved32(&shared.reserved32, value);
  add_reserved64(&shared.reserved64, value);
  AMO("amoxor.w", 32, &shared.xored32, value);
  AMO("amoxor.d", 64, &shared.xored64, value);
  AMO("amoor.w", 32, &shared.ored32, bit & 0x0f0f0f0f);
  AMO("amoor.d", 64, &shared.ored64, bit & 0x00ff00ff00ff00ff);
  AMO("amoand.w", 32, &shared.anded32, ~(bit & 0x0ff00ff0));
  AMO("amoand.d", 64, &shared.anded64, ~(bit & 0x0000ffffffff0000));
  AMO("amomin.w", 32, &min32, value);
  AMO("amomax.w", 32, &max32, value);
  AMO("amominu.w", 32, &minu32, value);
  AMO("amomaxu.w", 32, &maxu32, value);
  AMO("amomin.d", 64, &min64, value);
  AMO("amomax.d", 64, &max64, value);
  AMO("amominu.d", 64, &minu64, value);
  AMO("amomaxu.d", 64, &maxu64, value);

  spinlock_acquire(&lock);
  shared.locked += value;
  spinlock_release(&lock);

  // Each value is put in once and, but for the last one, taken out once.
  uint64_t out = AMO("amoswap.d", 64, &shared.swapped, value);
  __atomic_fetch_add(&shared.seen, out, __ATOMIC_RELAXED);
}

/* Every hart leaves a message; behind the barrier each must find that of the next one. */
static unsigned messages_lost(unsigned hart) {
  unsigned lost = 0, next = (hart + 1) % harts;
  for (uint64_t round = 1; round <= 20; round++) {
    shared.message[hart] = round * 1000 + hart;
    barrier_wait(&barrier, harts);
    lost += *(volatile uint64_t *)&shared.message[next] != round * 1000 + next;
    barrier_wait(&barrier, harts);
  }
  return lost;
}

static uint32_t lost;

static void work(unsigned hart) {
  barrier_wait(&barrier, harts);
  for (uint32_t index = hart; index < ROUNDS; index += harts) round_of(index);
  __atomic_fetch_add(&lost, messages_lost(hart), __ATOMIC_RELAXED);
}

static unsigned failures;

static void check(const char *name, uint64_t found, uint64_t expected) {
  if (found == expected) return;
  printf("atomics: %s is %lx, expected %lx\n", name, found, expected);
  failures++;
}

#define CHECK(found, expected) check(#found, found, expected)

int main(void) {
  shared.anded32 = ~0u, shared.anded64 = ~0ul;
  min32 = minu32 = max32 = maxu32 = number(0);
  min64 = minu64 = max64 = maxu64 = number(0);
  harts_run(harts, work);

  uint64_t sum = 0, xored = 0;
  int32_t least32 = number(0), most32 = least32;
  uint32_t leastu32 = least32, mostu32 = least32;
  int64_t least64 = number(0), most64 = least64;
  uint64_t leastu64 = least64, mostu64 = least64;
  for (uint32_t index = 0; index < ROUNDS; index++) {
    uint64_t value = number(index);
    sum += value;
    xored ^= value;
    if ((int32_t)value < least32) least32 = value;
    if ((int32_t)value > most32) most32 = value;
    if ((uint32_t)value < leastu32) leastu32 = value;
    if ((uint32_t)value > mostu32) mostu32 = value;
    if ((int64_t)value < least64) least64 = value;
    if ((int64_t)value > most64) most64 = value;
    if (value < leastu64) leastu64 = value;
    if (value > mostu64) mostu64 = value;
  }
  CHECK(shared.added32, (uint32_t)sum);
  CHECK(shared.added64, sum);
  CHECK(shared.reserved32, (uint32_t)sum);
  CHECK(shared.reserved64, sum);
  CHECK(shared.xored32, (uint32_t)xored);
  CHECK(shared.xored64, xored);
  CHECK(shared.ored32, 0x0f0f0f0f);
  CHECK(shared.ored64, 0x00ff00ff00ff00ff);
  CHECK(shared.anded32, (uint32_t)~0x0ff00ff0);
  CHECK(shared.anded64, ~0x0000ffffffff0000);
  CHECK(shared.locked, sum);
  CHECK(shared.seen + shared.swapped, sum);
  CHECK((uint32_t)min32, (uint32_t)least32);
  CHECK((uint32_t)max32, (uint32_t)most32);
  CHECK(minu32, leastu32);
  CHECK(maxu32, mostu32);
  CHECK(min64, least64);
  CHECK(max64, most64);
  CHECK(minu64, leastu64);
  CHECK(maxu64, mostu64);
  CHECK(lost, 0);
  printf("atomics checksum=%016lx\n", shared.added64 ^ shared.xored64);
  return failures ? 1 : 0;
}
