/* A state machine that tells numbers, names and rubbish apart, a byte at a time. */
#include "kernels.h"

enum state {
  START, SIGN, ZERO, INTEGER, X, HEXADECIMAL, POINT, FRACTION, E, E_SIGN, EXPONENT, NAME, INVALID, STATES,
};

static int is_digit(char byte) { return byte >= '0' && byte <= '9'; }
static int is_letter(char byte) { return (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z'; }
static int is_hex(char byte) { return is_digit(byte) || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'f'); }

static enum state next_state(enum state state, char byte) {
  switch (state) {
    case START:
      if (byte == '+' || byte == '-') return SIGN;
      if (is_letter(byte)) return NAME;
      // fall through
    case SIGN:
      return byte == '0' ? ZERO : is_digit(byte) ? INTEGER : byte == '.' ? POINT : INVALID;
    case ZERO:
      if (byte == 'x') return X;
      // fall through
    case INTEGER:
      return is_digit(byte) ? INTEGER : byte == '.' ? FRACTION : byte == 'e' ? E : INVALID;
    case X:
    case HEXADECIMAL:
      return is_hex(byte) ? HEXADECIMAL : INVALID;
    case POINT:
      return is_digit(byte) ? FRACTION : INVALID;
    case FRACTION:
      return is_digit(byte) ? FRACTION : byte == 'e' ? E : INVALID;
    case E:
      if (byte == '+' || byte == '-') return E_SIGN;
      // fall through
    case E_SIGN:
    case EXPONENT:
      return is_digit(byte) ? EXPONENT : INVALID;
    case NAME:
      return is_letter(byte) || is_digit(byte) ? NAME : INVALID;
    default:
      return INVALID;
  }
}

static enum word word_of(enum state state) {
  switch (state) {
    case ZERO:
    case INTEGER: return WORD_INTEGER;
    case HEXADECIMAL: return WORD_HEXADECIMAL;
    case FRACTION: return WORD_FRACTION;
    case EXPONENT: return WORD_EXPONENT;
    case NAME: return WORD_NAME;
    default: return WORD_INVALID;
  }
}

uint32_t automaton_scan(const char *text, size_t bytes, uint32_t counts[WORDS]) {
  uint32_t changes = 0;
  enum state state = START;
  for (size_t index = 0; index <= bytes; index++) {
    if (index == bytes || text[index] == ',') {
      counts[word_of(state)]++;
      state = START;
      continue;
    }
    enum state next = next_state(state, text[index]);
    changes += next != state;
    state = next;
  }
  return changes;
}
