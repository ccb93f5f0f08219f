/* A mix of additions, logic, shifts, multiplications, divisions and comparisons, 32 and 64 bits wide. */
#include "kernels.h"

static uint64_t rotate(uint64_t x, unsigned by) { return x << (by & 63) | x >> (-by & 63); }

uint64_t alu_mix(uint64_t seed, uint32_t rounds) {
  uint64_t a = seed, b = ~seed;
  uint32_t c = seed, d = seed >> 32 | 1;
  for (uint32_t round = 0; round < rounds; round++) {
    a = a * 6364136223846793005u + (b ^ round);
    b = rotate(b, a) + (a >> 7);
    c = c * 1664525 + d;
    d ^= c >> 3 ^ (uint32_t)(b << 5);
    if ((int64_t)a < (int64_t)b) c += (int32_t)d >> 4;
    if (c < d) a -= (uint64_t)c << 9;
    if (round % 8 == 0) {
      b += a / (d | 1) ^ (uint64_t)((int64_t)b % (int64_t)(c | 1));
      c -= c / (round + 1);
      a ^= (uint64_t)((unsigned __int128)a * b >> 64);
    }
  }
  return a ^ rotate(b, 17) ^ (uint64_t)c << 32 ^ d;
}
