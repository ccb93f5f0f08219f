/*
 * A register machine with sixteen 32-bit registers, run by two interpreters that differ only in how they get from one
 * instruction to the next: a switch, and calls through a table.
 */
#pragma once
#include <stdint.h>

/*
 * Every instruction but HALT: its name and what it does. R is the register file, A, B and C are the operands, and TO(n)
 * makes instruction `n` of the program the next one; each interpreter defines them.
 */
#define BYTECODE_INSTRUCTIONS(DO)    \
  DO(LOAD, R[A] = B)                 \
  DO(MOVE, R[A] = R[B])              \
  DO(ADD_NUMBER, R[A] = R[B] + C)    \
  DO(MULTIPLY, R[A] = R[B] * R[C])   \
  DO(AND_NUMBER, R[A] = R[B] & C)    \
  DO(SHIFT_RIGHT, R[A] = R[B] >> C)  \
  DO(IF_ZERO, if (R[A] == 0) TO(B))  \
  DO(IF_LESS, if (R[A] < R[B]) TO(C)) \
  DO(JUMP, TO(A))

enum opcode {
#define DO(name, meaning) name,
  BYTECODE_INSTRUCTIONS(DO)
#undef DO
  /* Ends the program with the value of register A. */
  HALT,
};

struct bytecode {
  uint8_t opcode, a, b, c;
};

enum { BYTECODE_REGISTERS = 16 };

/* Collatz: for every number from 1 to below register 0, counts the steps that it takes to get to 1; gives the sum. */
extern const struct bytecode bytecode_collatz[];

/* Runs `program` with `argument` in register 0 and returns its result. */
uint32_t bytecode_run_switch(const struct bytecode *program, uint32_t argument);
uint32_t bytecode_run_calls(const struct bytecode *program, uint32_t argument);
