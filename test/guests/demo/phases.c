/* The work: each phase makes its input from the seed, has a kernel work on it, and checks the result in another way. */
#include "demo.h"
#include "kernels.h"

enum { SORT_ITEMS = 4096, SIEVE_LIMIT = 1 << 16, TEXT_BYTES = 1 << 16, DATA_BYTES = 8192 };
enum { MATRIX_ROWS = 48, ELEMENTS = MATRIX_ROWS * MATRIX_ROWS };

/* What each hart works on. */
static union {
  uint32_t items[SORT_ITEMS];
  uint8_t composite[SIEVE_LIMIT];
  struct { uint32_t left[ELEMENTS], right[ELEMENTS], product[ELEMENTS]; };
  char text[TEXT_BYTES];
  uint8_t data[DATA_BYTES];
} work[HARTS_MAX];

static bool sort_round(unsigned hart, uint32_t seed) {
  uint32_t *items = work[hart].items;
  uint64_t sum = 0;
  for (int index = 0; index < SORT_ITEMS; index++) sum += items[index] = random_next(&seed);
  sort(items, SORT_ITEMS, compare_ascending);
  bool ascending = true;
  for (int index = 0; index < SORT_ITEMS; index++) {
    ascending &= index == 0 || items[index - 1] <= items[index];
    sum -= items[index];
  }
  return ascending && sum == 0;
}

static bool sieve_round(unsigned hart, uint32_t seed) {
  (void)seed;
  return sieve(work[hart].composite, SIEVE_LIMIT) == 6542;
}

/* Freivalds' check: times a vector, the product must do what its factors do. */
static bool matrix_round(unsigned hart, uint32_t seed) {
  uint32_t *left = work[hart].left, *right = work[hart].right, *product = work[hart].product;
  uint32_t vector[MATRIX_ROWS], image[MATRIX_ROWS];
  for (int index = 0; index < ELEMENTS; index++) {
    left[index] = random_next(&seed);
    right[index] = random_next(&seed);
  }
  matrix_multiply(product, left, right, MATRIX_ROWS);
  for (int row = 0; row < MATRIX_ROWS; row++) vector[row] = random_next(&seed);
  for (int row = 0; row < MATRIX_ROWS; row++) {
    image[row] = 0;
    for (int k = 0; k < MATRIX_ROWS; k++) image[row] += right[row * MATRIX_ROWS + k] * vector[k];
  }
  uint32_t difference = 0;
  for (int row = 0; row < MATRIX_ROWS; row++) {
    uint32_t expected = 0, found = 0;
    for (int k = 0; k < MATRIX_ROWS; k++) {
      expected += left[row * MATRIX_ROWS + k] * image[k];
      found += product[row * MATRIX_ROWS + k] * vector[k];
    }
    difference |= expected ^ found;
  }
  return difference == 0;
}

/* The text has no `z` but in the words that are hidden in it. */
static bool search_round(unsigned hart, uint32_t seed) {
  static const char hidden[] = "zebrafinch";
  enum { HIDDEN_BYTES = sizeof hidden - 1, APART = 256 };
  char *text = work[hart].text;
  for (int index = 0; index < TEXT_BYTES; index++) text[index] = 'a' + (random_next(&seed) >> 8) % 25;
  size_t expected = 0;
  for (int at = 0; at < TEXT_BYTES; at += APART) {
    if (random_next(&seed) & 1 << 16) continue;
    memcpy(text + at + random_next(&seed) % (APART - HIDDEN_BYTES), hidden, HIDDEN_BYTES);
    expected++;
  }
  return search_count(text, TEXT_BYTES, hidden, HIDDEN_BYTES) == expected;
}

/* The digest of 8192 letters `a`, as sha256sum gives it. */
static bool sha256_round(unsigned hart, uint32_t seed) {
  static const uint8_t expected[32] = {
    0xdd, 0x4e, 0x67, 0x30, 0x52, 0x09, 0x32, 0x76, 0x7e, 0xc0, 0xa9, 0xe3, 0x3f, 0xe1, 0x9c, 0x4c,
    0xe2, 0x43, 0x99, 0xd6, 0xeb, 0xa4, 0xff, 0x62, 0xf1, 0x30, 0x13, 0xc9, 0xed, 0x30, 0xef, 0x87,
  };
  (void)seed;
  uint8_t digest[32];
  memset(work[hart].data, 'a', DATA_BYTES);
  sha256(digest, work[hart].data, DATA_BYTES);
  return memcmp(digest, expected, sizeof digest) == 0;
}

/* All harts at one counter with atomic additions, and at one with a lock: both must lose nothing. */
static bool atomics_round(unsigned hart, uint32_t seed) {
  enum { ADDITIONS = 2000 };
  static struct barrier barrier;
  static struct spinlock lock;
  static uint64_t added, locked;
  (void)seed;
  barrier_wait(&barrier, harts);
  if (hart == 0) added = locked = 0;
  barrier_wait(&barrier, harts);
  for (int index = 0; index < ADDITIONS; index++) {
    __atomic_fetch_add(&added, 1, __ATOMIC_RELAXED);
    bool on = interrupts_off();
    spinlock_acquire(&lock);
    locked++;
    spinlock_release(&lock);
    interrupts_restore(on);
  }
  barrier_wait(&barrier, harts);
  return added == (uint64_t)harts * ADDITIONS && locked == added;
}

static bool spin_round(unsigned hart, uint32_t seed) {
  (void)hart, (void)seed;
  uint32_t left = 200000;
  while (left != 0) __asm__ volatile("addi %0, %0, -1" : "+r"(left));
  return true;
}

const struct phase phases[PHASES] = {
  {"sort", "quicksort with a comparison callback", sort_round},
  {"sieve", "the sieve of Eratosthenes", sieve_round},
  {"matrix", "integer matrix multiplication", matrix_round},
  {"search", "string search", search_round},
  {"sha256", "SHA-256", sha256_round},
  {"atomics", "all harts at the same words, with barriers", atomics_round},
  [SPIN] = {"spin", "an empty loop; not in rotation", spin_round},
};
