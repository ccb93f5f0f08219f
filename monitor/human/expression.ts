/**
 * Expressions as addresses and numbers are given: `$sp + 8 * (2 + 010)`.
 *
 * All values are signed 64-bit integers that wrap. As in QEMU, and unlike C, `+` and `-` bind least, then `&`, `|` and
 * `^` alike, then `*`, `/` and `%`; operators of one level group from the left. Numbers are hexadecimal behind `0x`,
 * octal behind `0`, else decimal.
 */
import { LineError, type Scanner } from './scanner.ts';

type Operator = (x: bigint, y: bigint) => bigint;

const divides =
  (operator: Operator): Operator =>
  (x, y) => {
    if (y === 0n) throw new LineError('division by zero');
    return operator(x, y);
  };

/** Operators by level, those that bind least first. */
const LEVELS: readonly { readonly pattern: RegExp; readonly operators: Readonly<Record<string, Operator>> }[] = [
  { pattern: /[+-]/y, operators: { '+': (x, y) => x + y, '-': (x, y) => x - y } },
  { pattern: /[&|^]/y, operators: { '&': (x, y) => x & y, '|': (x, y) => x | y, '^': (x, y) => x ^ y } },
  {
    pattern: /[*/%]/y,
    operators: { '*': (x, y) => x * y, '/': divides((x, y) => x / y), '%': divides((x, y) => x % y) },
  },
];

/** Operands within operands; nobody writes as many. */
const DEPTH_MAX = 256;

const wrap = (value: bigint): bigint => BigInt.asIntN(64, value);

/**
 * Takes an expression, as far as it goes.
 * @param register value of a register by its name, undefined where there is none
 * @throws LineError
 */
export function evaluate(scanner: Scanner, register: (name: string) => bigint | undefined): bigint {
  function binary(level: number): bigint {
    const row = LEVELS[level];
    if (row === undefined) return unary();
    let value = binary(level + 1);
    while (!scanner.atEnd()) {
      const operator = scanner.take(row.pattern);
      if (operator === undefined) break;
      value = wrap(row.operators[operator]!(value, binary(level + 1)));
    }
    return value;
  }

  let depth = 0;
  function unary(): bigint {
    if (++depth > DEPTH_MAX) throw new LineError('expression nested too deeply');
    const value = operand();
    depth--;
    return value;
  }

  function operand(): bigint {
    if (scanner.atEnd()) throw new LineError('unexpected end of expression');
    switch (scanner.take(/[+\-~($]/y)) {
      case '+':
        return unary();
      case '-':
        return wrap(-unary());
      case '~':
        return ~unary();
      case '(':
        return parenthesis();
      case '$': {
        const value = register(scanner.take(/\w*/y)!);
        if (value === undefined) throw new LineError('unknown register');
        return wrap(value);
      }
      default:
        return number();
    }
  }

  function parenthesis(): bigint {
    const value = binary(0);
    if (scanner.atEnd() || scanner.take(/\)/y) === undefined) throw new LineError("')' expected");
    return value;
  }

  function number(): bigint {
    const digits = scanner.take(/0x[0-9a-f]+|0[0-7]*|[1-9][0-9]*/iy);
    if (digits === undefined) throw new LineError(`invalid char '${scanner.next}' in expression`);
    const value = BigInt(digits.replace(/^0(?=[0-7])/, '0o'));
    if (value >= 1n << 64n) throw new LineError('number too large');
    return wrap(value);
  }

  return binary(0);
}
