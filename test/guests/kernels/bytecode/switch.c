/* The bytecode interpreter that is one loop around a switch. */
#include "bytecode.h"

#define A at->a
#define B at->b
#define C at->c
#define TO(n) next = program + (n)

uint32_t bytecode_run_switch(const struct bytecode *program, uint32_t argument) {
  uint32_t R[BYTECODE_REGISTERS] = {argument};
  for (const struct bytecode *at = program, *next;; at = next) {
    next = at + 1;
    switch (at->opcode) {
#define DO(name, meaning) \
  case name: meaning; break;
      BYTECODE_INSTRUCTIONS(DO)
#undef DO
      case HALT: return R[A];
    }
  }
}
