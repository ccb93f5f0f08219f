/*
 * Self-modifying code: instructions that are rewritten between two runs, by the hart that runs them and by another one,
 * on one page and across two. `fence.i` is executed wherever the manual asks for it, and nowhere else.
 */
#include "runtime.h"

enum { ROUNDS = 2000, PAGE_BYTES = 4096 };
/* Where two harts wait for each other: that may take a time slice of the host, twice a round. */
enum { ROUNDS_APART = 200 };

typedef uint64_t function(uint64_t);

/* `addi a0, a0, amount`; -2048 <= amount < 2048. */
static uint32_t addi(int amount) { return (uint32_t)amount << 20 | 0x00050513; }
static const uint32_t RET = 0x00008067;

static uint16_t code[3 * PAGE_BYTES / 2] __attribute__((aligned(PAGE_BYTES)));

/* An instruction may stand at every even address: it is stored by halves. */
static void put(uint16_t *at, uint32_t instruction) {
  *(volatile uint16_t *)at = instruction;
  *(volatile uint16_t *)(at + 1) = instruction >> 16;
}

static uint64_t call(uint16_t *at, uint64_t argument) { return ((function *)at)(argument); }

static unsigned failures;

static uint64_t check(const char *name, uint64_t found, uint64_t expected) {
  printf("smc: %s %s\n", name, found == expected ? "ok" : "FAILED");
  if (found != expected) {
    printf("smc: %lu, expected %lu\n", found, expected);
    failures++;
  }
  return found;
}

/* The sum of `round % 1000` over the first `rounds`: what every test below adds up to. */
static uint64_t expected_sum(int rounds) {
  uint64_t sum = 0;
  for (int round = 0; round < rounds; round++) sum += round % 1000;
  return sum;
}

static uint64_t rewrite_at(uint16_t *at) {
  uint64_t sum = 0;
  put(at + 2, RET);
  for (int round = 0; round < ROUNDS; round++) {
    put(at, addi(round % 1000));
    fence_i();
    sum = call(at, sum);
  }
  return sum;
}

/* The instruction lies across two pages; only the half on the second one, with the amount, changes. */
static uint64_t rewrite_second_page(void) {
  uint16_t *at = code + PAGE_BYTES / 2 - 1;
  uint64_t sum = 0;
  put(at, addi(0));
  put(at + 2, RET);
  for (int round = 0; round < ROUNDS; round++) {
    *(volatile uint16_t *)(at + 1) = addi(round % 1000) >> 16;
    fence_i();
    sum = call(at, sum);
  }
  return sum;
}

/* The other half: a bit on the first page makes `xori` of `addi`, which turns 1 into 0 instead of 2. */
static uint64_t rewrite_first_page(void) {
  enum { XORI = 1 << 14 };
  uint16_t *at = code + PAGE_BYTES / 2 - 1;
  uint64_t sum = 0;
  put(at, addi(1));
  put(at + 2, RET);
  for (int round = 0; round < ROUNDS; round++) {
    *(volatile uint16_t *)at = (uint16_t)addi(1) | (round % 2 ? XORI : 0);
    fence_i();
    sum += call(at, 1);
  }
  return sum;
}

/* A loop that patches the instruction in front of it, which then runs: all in one straight piece of code. */
static uint64_t rewrite_running_loop(void) {
  register uint64_t sum __asm__("a0") = 0;
  uint64_t round = 0, amount = 0, instruction, address;
  __asm__ volatile(
      ".option push\n"
      ".option norvc\n"
      "la %[address], 2f\n"
      "1: slli %[instruction], %[amount], 20\n"
      "or %[instruction], %[instruction], %[template]\n"
      "sw %[instruction], 0(%[address])\n"
      "fence.i\n"
      "2: addi a0, a0, 0\n"
      "addi %[amount], %[amount], 1\n"
      "bne %[amount], %[end], 3f\n"
      "li %[amount], 0\n"
      "3: addi %[round], %[round], 1\n"
      "bne %[round], %[rounds], 1b\n"
      ".option pop"
      : "+r"(sum), [round] "+r"(round), [amount] "+r"(amount), [instruction] "=&r"(instruction),
        [address] "=&r"(address)
      : [template] "r"((uint64_t)addi(0)), [rounds] "r"((uint64_t)ROUNDS), [end] "r"(1000ul)
      : "memory");
  return sum;
}

/* ---- one hart writes, another runs ---- */

static volatile uint32_t written, ran;
static uint64_t remote_sum;

static void wait_for(volatile uint32_t *flag, uint32_t value) {
  while (*flag != value) continue;
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static void announce(volatile uint32_t *flag, uint32_t value) {
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  *flag = value;
}

static void write_code(uint16_t *at) {
  put(at + 2, RET);
  for (int round = 0; round < ROUNDS_APART; round++) {
    put(at, addi(round % 1000));
    announce(&written, round + 1);
    wait_for(&ran, round + 1);
  }
}

static void run_code(uint16_t *at) {
  for (int round = 0; round < ROUNDS_APART; round++) {
    wait_for(&written, round + 1);
    fence_i();
    remote_sum = call(at, remote_sum);
    announce(&ran, round + 1);
  }
}

static void write_or_run(unsigned hart) {
  uint16_t *at = code + PAGE_BYTES - 1;
  if (hart == 0) write_code(at);
  else if (hart == harts - 1) run_code(at);
}

int main(void) {
  uint64_t sum = expected_sum(ROUNDS);
  uint64_t checksum = check("one page", rewrite_at(code), sum);
  checksum = checksum * 31 + check("across pages", rewrite_at(code + PAGE_BYTES / 2 - 1), sum);
  checksum = checksum * 31 + check("second page only", rewrite_second_page(), sum);
  checksum = checksum * 31 + check("first page", rewrite_first_page(), ROUNDS);
  checksum = checksum * 31 + check("running loop", rewrite_running_loop(), sum);
  if (harts > 1) {
    harts_run(harts, write_or_run);
    check("other hart", remote_sum, expected_sum(ROUNDS_APART));
  }
  printf("smc checksum=%016lx\n", checksum);
  return failures ? 1 : 0;
}
