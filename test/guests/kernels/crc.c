/* CRC-32, bit by bit. */
#include "kernels.h"

enum { POLYNOMIAL = (int)0xedb88320 };

uint32_t crc32(uint32_t crc, const void *data, size_t bytes) {
  const uint8_t *at = data;
  crc = ~crc;
  for (; bytes; bytes--) {
    crc ^= *at++;
    for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (-(crc & 1) & (uint32_t)POLYNOMIAL);
  }
  return ~crc;
}
