/* String search (Horspool): the byte under the end of the pattern says how far it may move on. */
#include <string.h>

#include "kernels.h"

size_t search_count(const char *text, size_t text_bytes, const char *pattern, size_t pattern_bytes) {
  uint8_t step[256];
  memset(step, pattern_bytes, sizeof step);
  for (size_t index = 0; index + 1 < pattern_bytes; index++) step[(uint8_t)pattern[index]] = pattern_bytes - 1 - index;
  size_t found = 0;
  for (size_t at = 0; at + pattern_bytes <= text_bytes; at += step[(uint8_t)text[at + pattern_bytes - 1]])
    found += memcmp(text + at, pattern, pattern_bytes) == 0;
  return found;
}
