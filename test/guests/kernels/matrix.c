/* Matrix multiplication as it is defined. */
#include "kernels.h"

void matrix_multiply(uint32_t *product, const uint32_t *left, const uint32_t *right, size_t size) {
  for (size_t row = 0; row < size; row++)
    for (size_t column = 0; column < size; column++) {
      uint32_t sum = 0;
      for (size_t k = 0; k < size; k++) sum += left[row * size + k] * right[k * size + column];
      product[row * size + column] = sum;
    }
}
