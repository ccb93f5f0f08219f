/** Registers of a hart by their names, for monitors and debuggers: past privilege, but with the CSRs' own rules. */
import { csrNumber } from './csr/numbers.ts';
import { CSRS } from './csr/table.ts';
import type { Hart } from './hart.ts';
import { MACHINE, SUPERVISOR, USER } from './hart.ts';
import { registerNumber } from './registers.ts';

/** CSRs that an instruction writes as they are to be behind it, when it has counted itself. */
const COUNTERS: readonly string[] = ['mcycle', 'minstret'];

const csrOf = (name: string) => {
  const number = csrNumber(name);
  return number === undefined ? undefined : CSRS.get(number);
};

/**
 * The value of a register by any of its names: `pc`, `a0`, `x10`, `fa0`, `mstatus`, or `priv` for the privilege mode.
 * Undefined where there is none of that name.
 */
export function readRegister(hart: Hart, name: string): bigint | undefined {
  const { state } = hart;
  if (name === 'pc') return state.pc;
  if (name === 'priv') return BigInt(state.privilege);
  const number = registerNumber(name);
  if (number === undefined) return csrOf(name)?.read(hart);
  return number < 32 ? state.x[number]! : state.f[number - 32]!;
}

/**
 * Writes a register by any of its names.
 * @param value its low 64 bits; what a CSR cannot hold of it is ignored
 * @returns false where there is none of that name, or it cannot be written
 */
export function writeRegister(hart: Hart, name: string, value: bigint): boolean {
  const { state } = hart;
  const bits = BigInt.asUintN(64, value);
  if (name === 'pc') {
    state.pc = bits & ~1n;
    return true;
  }
  if (name === 'priv') {
    const mode = [USER, SUPERVISOR, MACHINE].find((privilege) => BigInt(privilege) === bits);
    if (mode !== undefined) state.privilege = mode;
    return mode !== undefined;
  }
  const number = registerNumber(name);
  if (number === undefined) {
    const csr = csrOf(name);
    csr?.write?.(hart, COUNTERS.includes(name) ? BigInt.asUintN(64, bits + 1n) : bits);
    return csr?.write !== undefined;
  }
  if (number === 0) return false;
  if (number < 32) state.x[number] = bits;
  else state.f[number - 32] = bits;
  return true;
}
