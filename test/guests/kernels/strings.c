/* The library's copying, measuring and comparing. */
#include <string.h>

#include "kernels.h"

enum { BUFFER_BYTES = 4096 + 16, ALIGNMENTS = 8 };

static uint64_t round_trip(char *from, char *to, size_t at, size_t length) {
  char *copy = to + at % ALIGNMENTS;
  memcpy(copy, from + at / ALIGNMENTS, length);
  copy[length] = 0;
  uint64_t measured = strlen(copy);
  from[at / ALIGNMENTS + length] = 'z';
  int order = strcmp(copy, from + at / ALIGNMENTS);
  from[at / ALIGNMENTS + length] = copy[length / 2];
  return measured * 3 + (order > 0) * 2 + (order < 0);
}

uint64_t strings_run(uint32_t rounds) {
  char from[BUFFER_BYTES], to[BUFFER_BYTES] = {0};
  for (int index = 0; index < BUFFER_BYTES; index++) from[index] = 'a' + index % 23;
  uint64_t sum = 0;
  for (uint32_t round = 0; round < rounds; round++)
    for (size_t length = 1; length <= 4096; length += length / 2 + 1)
      sum = sum * 5 + round_trip(from, to, (round + length) % (ALIGNMENTS * ALIGNMENTS), length);
  return sum + crc32(0, to, 4096);
}
