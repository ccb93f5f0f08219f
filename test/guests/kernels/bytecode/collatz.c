/* The program that both interpreters run. */
#include "bytecode.h"

enum { LIMIT, NUMBER, VALUE, STEPS, BIT, THREE, TWO };

enum { NUMBER_BEGINS = 4, STEP = 5, EVEN = 12, NUMBER_ENDS = 14 };

const struct bytecode bytecode_collatz[] = {
  {LOAD, NUMBER, 1, 0},
  {LOAD, STEPS, 0, 0},
  {LOAD, THREE, 3, 0},
  {LOAD, TWO, 2, 0},
  [NUMBER_BEGINS] = {MOVE, VALUE, NUMBER, 0},
  [STEP] = {IF_LESS, VALUE, TWO, NUMBER_ENDS},
  {ADD_NUMBER, STEPS, STEPS, 1},
  {AND_NUMBER, BIT, VALUE, 1},
  {IF_ZERO, BIT, EVEN, 0},
  {MULTIPLY, VALUE, VALUE, THREE},
  {ADD_NUMBER, VALUE, VALUE, 1},
  {JUMP, STEP, 0, 0},
  [EVEN] = {SHIFT_RIGHT, VALUE, VALUE, 1},
  {JUMP, STEP, 0, 0},
  [NUMBER_ENDS] = {ADD_NUMBER, NUMBER, NUMBER, 1},
  {IF_LESS, NUMBER, LIMIT, NUMBER_BEGINS},
  {HALT, STEPS, 0, 0},
};
