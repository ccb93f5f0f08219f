/** CSRs of physical memory protection (privileged manual, section "Physical Memory Protection CSRs"). */
import { PMP_ADDRESS_BITS, PMP_MODE, PMPCFG, readAddress } from '../memory/protection.ts';
import { PMP_ENTRIES } from '../state.ts';
import { constant, type Unnamed } from './csr.ts';

/** Registers that the manual names, whether they do something here or read as zero. */
const ADDRESS_REGISTERS = 64;
const ENTRIES_PER_REGISTER = 8;

const isLocked = (config: number | undefined): boolean => ((config ?? 0) & PMPCFG.L) !== 0;

/** Legal values of an entry of pmpcfg: NA4 cannot be selected, what may be written may be read. */
function legalConfig(current: number, value: number): number {
  if (isLocked(current)) return current;
  let legal = value & (PMPCFG.L | PMPCFG.A | PMPCFG.R | PMPCFG.W | PMPCFG.X);
  if ((legal & PMPCFG.A) === PMP_MODE.NA4) legal = (legal & ~PMPCFG.A) | (current & PMPCFG.A);
  return legal & PMPCFG.R ? legal : legal & ~PMPCFG.W;
}

/** @param first the lowest entry in the register */
const config = (first: number): Unnamed => ({
  read: ({ state }) => {
    let value = 0n;
    for (let index = ENTRIES_PER_REGISTER - 1; index >= 0; index--)
      value = (value << 8n) | BigInt(state.pmpcfg[first + index]!);
    return value;
  },
  write: ({ state, environment }, value) => {
    for (let index = 0; index < ENTRIES_PER_REGISTER; index++) {
      const byte = Number(BigInt.asUintN(8, value >> BigInt(index * 8)));
      state.pmpcfg[first + index] = legalConfig(state.pmpcfg[first + index]!, byte);
    }
    environment.translationChanged({});
  },
});

const address = (index: number): Unnamed => ({
  read: ({ state }) => readAddress(state.pmpcfg[index]!, state.pmpaddr[index] as bigint),
  write: ({ state, environment }, value) => {
    const next = state.pmpcfg[index + 1] ?? 0;
    // The entry above may be locked, and begin here.
    if (isLocked(state.pmpcfg[index]) || (isLocked(next) && (next & PMPCFG.A) === PMP_MODE.TOR)) return;
    state.pmpaddr[index] = BigInt.asUintN(PMP_ADDRESS_BITS, value);
    environment.translationChanged({});
  },
});

export const PROTECTION_CSRS: Readonly<Record<string, Unnamed>> = Object.fromEntries(
  Array.from({ length: ADDRESS_REGISTERS }, (_, index): [string, Unnamed][] => [
    [`pmpaddr${index}`, index < PMP_ENTRIES ? address(index) : constant(0n)],
    // RV64 has the even ones only, each of which has the entries of two.
    ...(index % ENTRIES_PER_REGISTER === 0
      ? ([[`pmpcfg${index / 4}`, index < PMP_ENTRIES ? config(index) : constant(0n)]] as [string, Unnamed][])
      : []),
  ]).flat(),
);
