/* The `virt` machine's power switch, timer and interrupt controllers, at the addresses of its memory map. */
#include "runtime.h"

/* SiFive's test finisher: a command in bits 15:0, an exit code above. */
static volatile uint32_t *const finisher = (volatile uint32_t *)0x100000;
enum { FINISHER_PASS = 0x5555, FINISHER_FAIL = 0x3333, FINISHER_RESET = 0x7777 };

/* CLINT (RISC-V ACLINT specification, MSWI and MTIMER at the offsets that it keeps from SiFive's). */
static volatile uint32_t *const msip = (volatile uint32_t *)0x2000000;
static volatile uint64_t *const mtimecmp = (volatile uint64_t *)0x2004000;

/* PLIC (RISC-V PLIC specification, memory map). Every hart has two contexts, the first one for machine mode. */
#define PLIC 0xc000000ul
#define PLIC_REGISTER(offset) ((volatile uint32_t *)(PLIC + (offset)))
static volatile uint32_t *plic_priority(unsigned irq) { return PLIC_REGISTER(4 * irq); }
static volatile uint32_t *plic_enables(unsigned hart, unsigned irq) {
  return PLIC_REGISTER(0x2000 + 0x80 * (2 * hart) + irq / 32 * 4);
}
static volatile uint32_t *plic_threshold(unsigned hart) { return PLIC_REGISTER(0x200000 + 0x1000 * (2 * hart)); }
static volatile uint32_t *plic_claims(unsigned hart) { return plic_threshold(hart) + 1; }

static void finish(uint32_t command) {
  *finisher = command;
  for (;;) wfi();
}

void exit(unsigned code) {
  finish(code == 0 ? FINISHER_PASS : FINISHER_FAIL | code << 16);
  __builtin_unreachable();
}

void reset(void) {
  finish(FINISHER_RESET);
  __builtin_unreachable();
}

void ipi_send(unsigned hart) {
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  msip[hart] = 1;
}

void ipi_clear(unsigned hart) {
  msip[hart] = 0;
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void timer_set(uint64_t time) { mtimecmp[hart_id()] = time; }

void plic_enable(unsigned hart, unsigned irq) {
  *plic_priority(irq) = 1;
  *plic_threshold(hart) = 0;
  *plic_enables(hart, irq) |= 1u << irq % 32;
}

unsigned plic_claim(void) { return *plic_claims(hart_id()); }
void plic_complete(unsigned irq) { *plic_claims(hart_id()) = irq; }
