/* What the tests of traps share: they provoke traps, and look at what the handler has recorded (record.c). */
#pragma once
#include "runtime.h"

/* The last trap, the causes of the first ones since `forget`, and how many there were. */
enum { CAUSES_KEPT = 4 };
extern volatile struct trap_frame last;
extern volatile uint64_t causes[CAUSES_KEPT];
extern volatile unsigned traps;
void forget(void);

/* Notes the trap in `last`; goes on behind the instruction, or where the call of a bad address came from. */
void record(struct trap_frame *frame);

/* Prints `ok NAME`, or what is wrong. */
void check(const char *name, bool condition);
extern unsigned checks, failures;

/* Whether exactly one trap was taken since `forget`, with this cause, at this pc, with this mtval. */
bool took(uint64_t cause, uint64_t pc, uint64_t value);

/* Calls `function(argument)` in user mode on a stack of its own. */
uint64_t in_user_mode(uint64_t (*function)(uint64_t), uint64_t argument);

/* Instructions that trap, each at the label that stands for its address (instructions.S). They take a0 as they need. */
#define PROVOKER(name) \
  uint64_t name(uint64_t argument); \
  extern char name##_at[]
PROVOKER(do_illegal);
PROVOKER(do_illegal_compressed);
PROVOKER(do_ebreak);
PROVOKER(do_ebreak_compressed);
PROVOKER(do_ecall);
PROVOKER(do_unknown_csr);
PROVOKER(do_write_read_only_csr);
PROVOKER(do_read_mstatus);
PROVOKER(do_mret);
PROVOKER(do_read_cycle);
PROVOKER(do_read_time);
PROVOKER(do_read_instret);
PROVOKER(do_load);
PROVOKER(do_store);
PROVOKER(do_amo);
PROVOKER(do_amo_wide);
PROVOKER(do_load_reserved);

/* A table for `mtvec` in vectored mode; each entry leaves its number in `vector_taken` (instructions.S). */
extern char vector_table[];
extern volatile uint64_t vector_taken;

/*
 * QEMU 7 writes its version into marchid, and differs from the manual where its `rv64` is older than version 1.12 of it
 * or simpler: see the places that ask. What says nothing about itself is held to the manual.
 */
static inline bool is_qemu_7(void) { return csr_read(marchid) >> 16 == 7; }

/* Between the PLIC and the UART there is nothing. */
#define HOLE 0x0e000000ul

void test_exceptions(void);
void test_user_mode(void);
void test_status(void);
void test_interrupts(void);
void test_between_harts(void);
