/** Names of the integer registers (RISC-V ABIs specification, "Integer Register Convention"). */

/** ABI names by register number. */
export const ABI_NAMES: readonly string[] = [
  ...['zero', 'ra', 'sp', 'gp', 'tp', 't0', 't1', 't2', 's0', 's1'],
  ...['a0', 'a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7'],
  ...['s2', 's3', 's4', 's5', 's6', 's7', 's8', 's9', 's10', 's11', 't3', 't4', 't5', 't6'],
];

const NUMBERS: ReadonlyMap<string, number> = new Map([
  ...ABI_NAMES.map((name, number) => [name, number] as const),
  ...ABI_NAMES.map((_, number) => [`x${number}`, number] as const),
  ['fp', 8],
]);

/** The number of the register with this name (`a0`, `x10`, `fp`), undefined where there is none. */
export const registerNumber = (name: string): number | undefined => NUMBERS.get(name);
