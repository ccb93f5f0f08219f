/**
 * The lexer's states: what each makes of the next byte.
 *
 * A rule is a set of bytes, written as inside the brackets of a regular expression, and the move they cause; the first
 * rule that holds the byte counts, and a byte in no rule is a lexical error. A move is one of:
 *
 *   name    go on in that state
 *   +kind   the token ends with this byte
 *   =kind   the token ended before this byte, which then begins anew
 *
 * The dialect is QEMU's: strings in either quote, keywords of lower-case letters, and `recovery`, which after a lexical
 * error passes over everything up to a control character, 0xFE, 0xFF or punctuation.
 */
export type Kind = '{' | '}' | '[' | ']' | ':' | ',' | 'string' | 'integer' | 'float' | 'keyword' | 'line' | 'nothing';

const RULES = {
  start: [
    [' \\t\\r', 'start'],
    ['\\n', '+line'],
    ['{', '+{'],
    ['}', '+}'],
    ['\\[', '+['],
    ['\\]', '+]'],
    [':', '+:'],
    [',', '+,'],
    ['"', 'double'],
    ["'", 'single'],
    ['\\-', 'minus'],
    ['0', 'zero'],
    ['1-9', 'digits'],
    ['a-z', 'keyword'],
  ],
  recovery: [
    ['\\x00-\\x1f\\xfe\\xff{}\\[\\]:,', '=nothing'],
    ['^', 'recovery'],
  ],
  double: [
    ['"', '+string'],
    ['\\\\', 'doubleEscape'],
    [' -\\xfd', 'double'],
  ],
  doubleEscape: [[' -\\xfd', 'double']],
  single: [
    ["'", '+string'],
    ['\\\\', 'singleEscape'],
    [' -\\xfd', 'single'],
  ],
  singleEscape: [[' -\\xfd', 'single']],
  minus: [
    ['0', 'zero'],
    ['1-9', 'digits'],
  ],
  zero: [
    ['.', 'point'],
    ['eE', 'exponent'],
    ['^0-9', '=integer'],
  ],
  digits: [
    ['0-9', 'digits'],
    ['.', 'point'],
    ['eE', 'exponent'],
    ['^', '=integer'],
  ],
  point: [['0-9', 'fraction']],
  fraction: [
    ['0-9', 'fraction'],
    ['eE', 'exponent'],
    ['^', '=float'],
  ],
  exponent: [
    ['+\\-', 'exponentSign'],
    ['0-9', 'exponentDigits'],
  ],
  exponentSign: [['0-9', 'exponentDigits']],
  exponentDigits: [
    ['0-9', 'exponentDigits'],
    ['^', '=float'],
  ],
  keyword: [
    ['a-z', 'keyword'],
    ['^', '=keyword'],
  ],
} as const satisfies Record<string, readonly (readonly [bytes: string, move: string])[]>;

type State = keyof typeof RULES;
const STATES = Object.keys(RULES) as State[];

/** Every way in which a token ends, in the order of the numbers that `MOVES` holds for them. */
const ENDS = [...new Set(Object.values(RULES).flatMap((rules) => rules.map(([, move]) => move)))].filter((move) =>
  /^[+=]/.test(move),
);

export const START = STATES.indexOf('start');
export const RECOVERY = STATES.indexOf('recovery');
/** Moves from here up end a token; those below are states. */
export const FIRST_END = STATES.length;
/** The move of a byte that no rule holds. */
export const ERROR = 0xff;

/** The move at `state * 256 + byte`: a state, `FIRST_END` plus an index of `ENDINGS`, or `ERROR`. */
export const MOVES: Readonly<Uint8Array> = Uint8Array.from({ length: STATES.length * 256 }, (_, index) => {
  const rules: readonly (readonly [string, string])[] = RULES[STATES[index >> 8]!];
  const byte = String.fromCharCode(index & 0xff);
  const move = rules.find(([bytes]) => new RegExp(`[${bytes}]`).test(byte))?.[1];
  if (move === undefined) return ERROR;
  const end = (ENDS as readonly string[]).indexOf(move);
  return end < 0 ? STATES.indexOf(move as State) : FIRST_END + end;
});

/** What the moves from `FIRST_END` up mean: the kind of the token, and whether it takes the byte. */
export const ENDINGS: readonly { readonly kind: Kind; readonly takes: boolean }[] = ENDS.map((move) => ({
  kind: move.slice(1) as Kind,
  takes: move.startsWith('+'),
}));
