/*
 * Work for guests: pure integer C that also builds on the host, so that every result can be checked there. One kernel a
 * file; nothing here prints, allocates or keeps state between calls.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* The next number of a sequence (Marsaglia's xorshift, 32 bits). `*state` must not be 0. */
static inline uint32_t random_next(uint32_t *state) {
  uint32_t x = *state;
  x ^= x << 13;
  x ^= x >> 17;
  x ^= x << 5;
  return *state = x;
}

/* Arithmetic of every width on `rounds` numbers; returns what is left of them (alu.c). */
uint64_t alu_mix(uint64_t seed, uint32_t rounds);

/* CRC-32 (IEEE 802.3) of `bytes` after `crc`, which is 0 for the first (crc.c). */
uint32_t crc32(uint32_t crc, const void *data, size_t bytes);

/* Negative, zero or positive, as left is before, equal to or behind right. */
typedef int compare_u32(const uint32_t *left, const uint32_t *right);
compare_u32 compare_ascending;
/* Sorts in place: quicksort that leaves short runs to insertion (sort.c). */
void sort(uint32_t *items, size_t count, compare_u32 *compare);

/* Number of primes below `limit`. `composite` has `limit` bytes and is overwritten (sieve.c). */
uint32_t sieve(uint8_t *composite, uint32_t limit);

/* product = left * right, modulo 2^32; square matrices of `size` rows, row by row (matrix.c). */
void matrix_multiply(uint32_t *product, const uint32_t *left, const uint32_t *right, size_t size);

/* Number of places in `text` where `pattern` (1 to 255 bytes) begins (search.c). */
size_t search_count(const char *text, size_t text_bytes, const char *pattern, size_t pattern_bytes);

/* FIPS 180-4 (sha256.c). */
void sha256(uint8_t digest[32], const void *data, size_t bytes);

/* A linked list of numbers (list.c). Each function returns the first node of the result. */
struct node {
  struct node *next;
  uint32_t key, value;
};
typedef int compare_nodes(const struct node *left, const struct node *right);
compare_nodes compare_keys, compare_values;
struct node *list_reverse(struct node *list);
/* Stable. */
struct node *list_sort(struct node *list, compare_nodes *compare);
/* The node whose key is `key`, or NULL. */
struct node *list_find(struct node *list, uint32_t key);

/* What a word of the text turned out to be (automaton.c). */
enum word { WORD_INTEGER, WORD_HEXADECIMAL, WORD_FRACTION, WORD_EXPONENT, WORD_NAME, WORD_INVALID, WORDS };
/* Adds to `counts` for each of the words in `text`, which commas separate. Returns the number of state changes. */
uint32_t automaton_scan(const char *text, size_t bytes, uint32_t counts[WORDS]);

/* Lists, matrices, an automaton and CRCs in turn, in the spirit of CoreMark; returns a CRC of all results (mixed.c). */
uint32_t mixed_run(uint32_t seed, uint32_t iterations);

/* Records, calls and short strings, in the spirit of Dhrystone; returns a checksum of its variables (records.c). */
uint64_t records_run(uint32_t iterations);

/* One cell for each cache line. */
struct link {
  struct link *next;
  uint64_t weight;
  uint64_t unused[6];
};
/* Joins all `count` links into one ring in random order; the weights are their numbers (chase.c). */
void chase_prepare(struct link *links, size_t count, uint32_t seed);
/* Follows `steps` links and returns the sum of index times weight, modulo 2^64. */
uint64_t chase_follow(const struct link *link, uint64_t steps);

/* memcpy, strlen and strcmp at all alignments and many lengths (strings.c). */
uint64_t strings_run(uint32_t rounds);
