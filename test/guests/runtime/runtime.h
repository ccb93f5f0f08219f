/*
 * What a guest on the bare `virt` machine has to stand on: one program in machine mode on up to HARTS_MAX harts, with a
 * console, traps, excursions to user mode, and the machine's timer, interrupt controller and power switch.
 *
 * Every hart starts at `_start` (crt.S). Hart 0 clears .bss and calls `main`; what that returns becomes the exit code.
 * The others sleep in `wfi` until `harts_run` gives them work. Interrupts are off until the program turns them on.
 */
#pragma once

#define HARTS_MAX 8
/* Each hart has 1 << STACK_SHIFT bytes of stack. link.ld reserves HARTS_MAX of them. */
#define STACK_SHIFT 14

/* Offsets in `struct trap_frame`. */
#define FRAME_PC 256
#define FRAME_STATUS 264
#define FRAME_CAUSE 272
#define FRAME_VALUE 280
#define FRAME_BYTES 288

#define MSTATUS_MIE (1 << 3)
#define MSTATUS_MPIE (1 << 7)
#define MSTATUS_MPP (3 << 11)
#define MSTATUS_MPRV (1 << 17)

#ifndef __ASSEMBLER__
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* ---- CSRs and counters ---- */

#define csr_read(csr) \
  ({ uint64_t value_; __asm__ volatile("csrr %0, " #csr : "=r"(value_)::"memory"); value_; })
#define csr_write(csr, value) __asm__ volatile("csrw " #csr ", %0" ::"rK"((uint64_t)(value)) : "memory")
#define csr_set(csr, bits) __asm__ volatile("csrs " #csr ", %0" ::"rK"((uint64_t)(bits)) : "memory")
#define csr_clear(csr, bits) __asm__ volatile("csrc " #csr ", %0" ::"rK"((uint64_t)(bits)) : "memory")
/* For a CSR that the hart need not have: where the write traps, nothing happens. Wants interrupts off. */
#define csr_write_if_present(csr, value)                                                                 \
  __asm__ volatile("la t0, 1f\n csrrw t0, mtvec, t0\n csrw " #csr ", %0\n .balign 4\n 1: csrw mtvec, t0" \
                   ::"r"((uint64_t)(value)) : "t0", "memory")

static inline uint64_t rdcycle(void) { return csr_read(cycle); }
/* Ticks of the machine's clock, TICKS_PER_SECOND a second. */
static inline uint64_t rdtime(void) { return csr_read(time); }
static inline uint64_t rdinstret(void) { return csr_read(instret); }

static inline void wfi(void) { __asm__ volatile("wfi" ::: "memory"); }
static inline void fence_i(void) { __asm__ volatile("fence.i" ::: "memory"); }

enum interrupt { IRQ_SOFTWARE = 3, IRQ_TIMER = 7, IRQ_EXTERNAL = 11 };

static inline void interrupts_on(void) { csr_set(mstatus, MSTATUS_MIE); }
/* Returns whether they were on, for `interrupts_restore`. */
static inline bool interrupts_off(void) {
  uint64_t status;
  __asm__ volatile("csrrci %0, mstatus, %1" : "=r"(status) : "i"(MSTATUS_MIE) : "memory");
  return status & MSTATUS_MIE;
}
static inline void interrupts_restore(bool on) {
  if (on) interrupts_on();
}

/* ---- harts and what they share (harts.c) ---- */

/* Number of harts, 1 to HARTS_MAX; their ids are 0 to harts - 1. */
extern unsigned harts;

/* Id of the hart that asks. Works in user mode too. */
static inline unsigned hart_id(void) {
  unsigned long id;
  __asm__("mv %0, tp" : "=r"(id));
  return id;
}

/*
 * Runs `work(hart)` on harts 0 to `count` - 1 and returns when all are done. Only hart 0 may call it, with its software
 * interrupt disabled. On the others `work` starts with interrupts off; where it turns them on, it turns them off again
 * before it returns. Software interrupts start the work and end the wait: a `work` that sends some of its own must keep
 * them apart from those by a barrier at its start and its end.
 */
void harts_run(unsigned count, void (*work)(unsigned hart));

struct spinlock { uint32_t taken; };
void spinlock_acquire(struct spinlock *lock);
void spinlock_release(struct spinlock *lock);

struct barrier { uint32_t arrived, round; };
/* Returns when `count` harts have called it. All zero at first; good for any number of rounds. */
void barrier_wait(struct barrier *barrier, unsigned count);

/* ---- traps and user mode (crt.S, trap.c) ---- */

/* State of the hart before a trap. The handler may change `x`, `pc` and `status`; they are put back by `mret`. */
struct trap_frame {
  uint64_t x[32];
  uint64_t pc, status, cause, value;
};

enum cause {
  CAUSE_FETCH_ACCESS = 1,
  CAUSE_ILLEGAL = 2,
  CAUSE_BREAKPOINT = 3,
  CAUSE_LOAD_MISALIGNED = 4,
  CAUSE_LOAD_ACCESS = 5,
  CAUSE_STORE_MISALIGNED = 6,
  CAUSE_STORE_ACCESS = 7,
  CAUSE_ECALL_USER = 8,
  CAUSE_ECALL_MACHINE = 11,
};
#define CAUSE_INTERRUPT (1ul << 63)

/* Called for every trap of every hart, with interrupts off. At first `trap_panic`. */
extern void (*trap_handler)(struct trap_frame *frame);
/* Says what happened and where, and exits with code 1. */
void trap_panic(struct trap_frame *frame);
/* Name of an `mcause`. */
const char *trap_name(uint64_t cause);
/* Bytes of the instruction at `pc`: 2 or 4. */
static inline unsigned instruction_bytes(uint64_t pc) { return (*(const uint16_t *)pc & 3) == 3 ? 4 : 2; }

/*
 * Calls `function(argument)` in user mode on the stack that ends at `stack`, and returns what it returns. It returns by
 * an `ecall`, so the trap handler has to hand frames for which `user_returns` to `user_leave`.
 */
uint64_t user_call(uint64_t (*function)(uint64_t), uint64_t argument, void *stack);
bool user_returns(const struct trap_frame *frame);
/* Makes the `user_call` from whose user code `frame` came return `value`, wherever that code stands. */
void user_leave(struct trap_frame *frame, uint64_t value);

/* ---- console (uart.c, print.c) ---- */

#define UART_IRQ 10
enum { UART_IER_RECEIVED = 1, UART_IER_TRANSMITTER_EMPTY = 2 };

/* Waits for room. Sends `byte` as it is. */
void uart_putc(uint8_t byte);
/* The next byte, or -1 if there is none yet. */
int uart_poll(void);
/* Waits for the next byte. */
uint8_t uart_getc(void);
/* Sets IER, the interrupts that the port may raise. */
void uart_interrupts(uint8_t enabled);
/* Reads IIR, which acknowledges a transmitter-empty interrupt. */
uint8_t uart_interrupt_cause(void);

/*
 * Prints with %d %u %x %s %c %%, `l` for 64 bits, and a width with `-` or `0` before it. A line feed is sent as CR LF.
 * What one call prints is not mixed with what other harts print.
 */
void printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- the machine (machine.c) ---- */

#define TICKS_PER_SECOND 10000000ul

/* Ends the machine; the emulator exits with `code`, 0 to 65535. */
void exit(unsigned code) __attribute__((noreturn));
/* Starts the machine anew. */
void reset(void) __attribute__((noreturn));

/* Raises or withdraws the software interrupt of a hart. */
void ipi_send(unsigned hart);
void ipi_clear(unsigned hart);
/* The calling hart's timer interrupt is pending from `time` on; withdraws an earlier one. ~0 for never. */
void timer_set(uint64_t time);

/* Lets `irq` interrupt `hart` in machine mode. */
void plic_enable(unsigned hart, unsigned irq);
/* The pending interrupt that the calling hart is to serve now, 0 if there is none. */
unsigned plic_claim(void);
void plic_complete(unsigned irq);

/* Number of `cpu@` nodes in the device tree at `fdt`; 0 where there is no tree (fdt.c). */
unsigned fdt_harts(const void *fdt);
#endif
