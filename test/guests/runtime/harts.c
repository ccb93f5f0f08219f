/* Giving work to harts, and what keeps them apart or together. */
#include "runtime.h"

unsigned harts;

static void (*job)(unsigned hart);
static uint32_t jobs_left;

int main(void);

/* Where hart 0 comes from crt.S. */
void hart_start(const void *fdt);
/* Where the others do. .bss may hold anything until the first software interrupt. */
void hart_wait(void) __attribute__((noreturn));

/* User mode may touch nothing before a PMP entry (of a hart that has any) allows it. */
static void allow_all_memory(void) {
  enum { READ = 1, WRITE = 2, EXECUTE = 4, NAPOT = 3 << 3 };
  csr_write_if_present(pmpaddr0, ~0ul);
  csr_write_if_present(pmpcfg0, READ | WRITE | EXECUTE | NAPOT);
}

void hart_start(const void *fdt) {
  allow_all_memory();
  harts = fdt_harts(fdt);
  if (harts == 0) {
    printf("no device tree at 0x%lx: expected a1 to point to the magic number d00dfeed\n", (uint64_t)fdt);
    exit(1);
  }
  if (harts > HARTS_MAX) harts = HARTS_MAX;
  exit(main());
}

void hart_wait(void) {
  allow_all_memory();
  csr_write(mie, 1 << IRQ_SOFTWARE);
  for (;;) {
    while (!(csr_read(mip) & 1 << IRQ_SOFTWARE)) wfi();
    ipi_clear(hart_id());
    job(hart_id());
    csr_write(mie, 1 << IRQ_SOFTWARE);
    if (__atomic_sub_fetch(&jobs_left, 1, __ATOMIC_ACQ_REL) == 0) ipi_send(0);
  }
}

void harts_run(unsigned count, void (*work)(unsigned hart)) {
  job = work;
  __atomic_store_n(&jobs_left, count - 1, __ATOMIC_RELEASE);
  for (unsigned hart = 1; hart < count; hart++) ipi_send(hart);
  work(0);

  // The last one sends a software interrupt. Here it only ends `wfi`: no handler is to see it, but others may run.
  if (count > 1) {
    bool on = interrupts_off();
    while (!(csr_read(mip) & 1 << IRQ_SOFTWARE)) {
      csr_set(mie, 1 << IRQ_SOFTWARE);
      wfi();
      csr_clear(mie, 1 << IRQ_SOFTWARE);
      interrupts_restore(on);
      interrupts_off();
    }
    ipi_clear(0);
    interrupts_restore(on);
  }
}

void spinlock_acquire(struct spinlock *lock) {
  while (__atomic_exchange_n(&lock->taken, 1, __ATOMIC_ACQUIRE))
    while (__atomic_load_n(&lock->taken, __ATOMIC_RELAXED)) continue;
}

void spinlock_release(struct spinlock *lock) { __atomic_store_n(&lock->taken, 0, __ATOMIC_RELEASE); }

void barrier_wait(struct barrier *barrier, unsigned count) {
  uint32_t round = __atomic_load_n(&barrier->round, __ATOMIC_ACQUIRE);
  if (__atomic_add_fetch(&barrier->arrived, 1, __ATOMIC_ACQ_REL) == count) {
    barrier->arrived = 0;
    __atomic_store_n(&barrier->round, round + 1, __ATOMIC_RELEASE);
  } else {
    while (__atomic_load_n(&barrier->round, __ATOMIC_ACQUIRE) == round) continue;
  }
}
