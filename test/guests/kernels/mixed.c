/* A round trip through the other kernels: each result feeds the next one's input. */
#include <string.h>

#include "kernels.h"

enum { NODES = 160, ROWS = 12, ELEMENTS = ROWS * ROWS, TEXT_BYTES = 480 };

static uint32_t lists(uint32_t crc, uint32_t seed) {
  struct node nodes[NODES], *list = NULL;
  for (uint32_t index = 0; index < NODES; index++) {
    nodes[index] = (struct node){list, index, random_next(&seed) & 0xffff};
    list = &nodes[index];
  }
  list = list_sort(list, compare_values);
  for (uint32_t key = 0; key < NODES; key += 8) crc = crc32(crc, &list_find(list, key)->value, sizeof(uint32_t));
  list = list_reverse(list);
  crc = crc32(crc, &list->key, sizeof list->key);
  list = list_sort(list, compare_keys);
  return crc32(crc, &list->next->value, sizeof(uint32_t));
}

static uint32_t matrices(uint32_t crc, uint32_t seed) {
  uint32_t left[ELEMENTS], right[ELEMENTS], product[ELEMENTS];
  for (int index = 0; index < ELEMENTS; index++) {
    left[index] = random_next(&seed) & 0xff;
    right[index] = left[index] * 3 + index;
  }
  matrix_multiply(product, left, right, ROWS);
  for (int index = 0; index < ELEMENTS; index++) left[index] += product[index] >> 2 & 0x7f;
  matrix_multiply(right, product, left, ROWS);
  return crc32(crc, right, sizeof right / 4);
}

static uint32_t words(uint32_t crc, uint32_t seed) {
  static const char *const samples[] = {
    "0", "7", "+86400", "-273", "65537", "3.14159", "-0.5", ".25", "+9.80665", "6.02e23", "-1.6e-19", "1e+9",
    "0x7f", "0xC0FFEE", "vivarium", "a0", "12ab", "1.2.3", "0xwhy", "--1", "e5", "4e",
  };
  char text[TEXT_BYTES];
  size_t bytes = 0;
  for (;;) {
    const char *sample = samples[random_next(&seed) % (sizeof samples / sizeof samples[0])];
    size_t length = strlen(sample);
    if (bytes + length + 1 > TEXT_BYTES) break;
    memcpy(text + bytes, sample, length);
    text[bytes + length] = ',';
    bytes += length + 1;
  }
  uint32_t counts[WORDS] = {0};
  uint32_t changes = automaton_scan(text, bytes - 1, counts);
  return crc32(crc32(crc, counts, sizeof counts), &changes, sizeof changes);
}

uint32_t mixed_run(uint32_t seed, uint32_t iterations) {
  uint32_t crc = seed;
  for (uint32_t iteration = 0; iteration < iterations; iteration++) {
    crc = lists(crc, crc | 1);
    crc = matrices(crc, crc | 1);
    crc = words(crc, crc | 1);
  }
  return crc;
}
