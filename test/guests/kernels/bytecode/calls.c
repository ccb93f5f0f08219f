/* The bytecode interpreter that calls a function for each instruction, through a table. */
#include "bytecode.h"

#define A at->a
#define B at->b
#define C at->c
#define TO(n) next = program + (n)

/* Does what `at` says; returns the next instruction. */
typedef const struct bytecode *handler(const struct bytecode *program, const struct bytecode *at, uint32_t *R);

#define DO(name, meaning)                                                                                    \
  static const struct bytecode *do_##name(const struct bytecode *program, const struct bytecode *at, uint32_t *R) { \
    const struct bytecode *next = at + 1;                                                                    \
    (void)program, (void)R;                                                                                  \
    meaning;                                                                                                 \
    return next;                                                                                             \
  }
BYTECODE_INSTRUCTIONS(DO)
#undef DO

static handler *const handlers[] = {
#define DO(name, meaning) [name] = do_##name,
  BYTECODE_INSTRUCTIONS(DO)
#undef DO
};

uint32_t bytecode_run_calls(const struct bytecode *program, uint32_t argument) {
  uint32_t R[BYTECODE_REGISTERS] = {argument};
  const struct bytecode *at = program;
  while (at->opcode != HALT) at = handlers[at->opcode](program, at, R);
  return R[A];
}
