/* Strings and memory: eight bytes at a time where both sides are aligned, else byte by byte. */
#include <stdint.h>
#include <string.h>

typedef uint64_t __attribute__((may_alias)) word;

static int aligned(const void *left, const void *right) {
  return (((uintptr_t)left | (uintptr_t)right) & (sizeof(word) - 1)) == 0;
}

void *memcpy(void *restrict to, const void *restrict from, size_t bytes) {
  char *target = to;
  const char *source = from;
  if (aligned(to, from))
    for (; bytes >= sizeof(word); bytes -= sizeof(word), target += sizeof(word), source += sizeof(word))
      *(word *)target = *(const word *)source;
  while (bytes--) *target++ = *source++;
  return to;
}

void *memmove(void *to, const void *from, size_t bytes) {
  char *target = to;
  const char *source = from;
  if (target <= source) return memcpy(to, from, bytes);
  while (bytes--) target[bytes] = source[bytes];
  return to;
}

void *memset(void *to, int byte, size_t bytes) {
  char *target = to;
  word pattern = (uint8_t)byte * 0x0101010101010101u;
  if (aligned(to, to))
    for (; bytes >= sizeof(word); bytes -= sizeof(word), target += sizeof(word)) *(word *)target = pattern;
  while (bytes--) *target++ = byte;
  return to;
}

int memcmp(const void *left, const void *right, size_t bytes) {
  const uint8_t *l = left, *r = right;
  for (; bytes; bytes--, l++, r++)
    if (*l != *r) return *l - *r;
  return 0;
}

size_t strlen(const char *text) {
  const char *end = text;
  while (*end) end++;
  return end - text;
}

int strcmp(const char *left, const char *right) {
  for (; *left && *left == *right; left++, right++) continue;
  return (uint8_t)*left - (uint8_t)*right;
}

int strncmp(const char *left, const char *right, size_t bytes) {
  for (; bytes && *left && *left == *right; bytes--, left++, right++) continue;
  return bytes ? (uint8_t)*left - (uint8_t)*right : 0;
}

char *strcpy(char *restrict to, const char *restrict from) {
  char *target = to;
  while ((*target++ = *from++)) continue;
  return to;
}
