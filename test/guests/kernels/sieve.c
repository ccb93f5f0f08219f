/* The sieve of Eratosthenes. */
#include <string.h>

#include "kernels.h"

uint32_t sieve(uint8_t *composite, uint32_t limit) {
  memset(composite, 0, limit);
  uint32_t primes = 0;
  for (uint32_t number = 2; number < limit; number++) {
    if (composite[number]) continue;
    primes++;
    for (uint64_t multiple = (uint64_t)number * number; multiple < limit; multiple += number) composite[multiple] = 1;
  }
  return primes;
}
