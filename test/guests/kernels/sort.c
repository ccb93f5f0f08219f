/* Quicksort with a comparison callback: median of three, the longer part by iteration, short runs by insertion. */
#include "kernels.h"

enum { SHORT_RUN = 12 };

int compare_ascending(const uint32_t *left, const uint32_t *right) { return (*left > *right) - (*left < *right); }

static void swap(uint32_t *left, uint32_t *right) {
  uint32_t kept = *left;
  *left = *right;
  *right = kept;
}

static void insertion(uint32_t *first, uint32_t *end, compare_u32 *compare) {
  for (uint32_t *next = first + 1; next < end; next++)
    for (uint32_t *at = next; at > first && compare(at - 1, at) > 0; at--) swap(at - 1, at);
}

/* Moves the median of first, middle and last to the first place. */
static void choose_pivot(uint32_t *first, uint32_t *last, compare_u32 *compare) {
  uint32_t *middle = first + (last - first) / 2;
  if (compare(middle, last) > 0) swap(middle, last);
  if (compare(first, last) > 0) swap(first, last);
  if (compare(middle, first) > 0) swap(middle, first);
}

/* Returns where the pivot ends up: nothing before it is greater, nothing behind it is less. */
static uint32_t *partition(uint32_t *first, uint32_t *end, compare_u32 *compare) {
  choose_pivot(first, end - 1, compare);
  uint32_t *left = first, *right = end;
  for (;;) {
    do left++;
    while (left < end && compare(left, first) < 0);
    do right--;
    while (compare(right, first) > 0);
    if (left >= right) break;
    swap(left, right);
  }
  swap(first, right);
  return right;
}

void sort(uint32_t *items, size_t count, compare_u32 *compare) {
  uint32_t *first = items, *end = items + count;
  while (end - first > SHORT_RUN) {
    uint32_t *pivot = partition(first, end, compare);
    if (pivot - first < end - pivot) {
      sort(first, pivot - first, compare);
      first = pivot + 1;
    } else {
      sort(pivot + 1, end - pivot - 1, compare);
      end = pivot;
    }
  }
  insertion(first, end, compare);
}
