/** Compares what two engines make of a program; explains a difference, and makes the program that shows it small. */
import { lengthOf } from '../../core/riscv/decode.ts';
import { disassemble } from '../../core/riscv/disassemble.ts';
import { ABI_NAMES } from '../../core/riscv/registers.ts';
import {
  type IsaDriver,
  type IsaResult,
  oracleDriver,
  type Program,
  scratchOf,
  startOf,
} from '../support/isa-driver.ts';

const hex = (value: bigint | number, digits: number): string => `0x${value.toString(16).padStart(digits, '0')}`;

const row = (where: string, expected: string, found: string): string =>
  `${where.padEnd(13)}${expected.padEnd(19)}${found}`;

const nameOf = (register: number): string =>
  `${register < 32 ? `x${register}` : `f${register - 32}`}/${ABI_NAMES[register]}`;

/** Registers, memory and retired instructions that differ, a line each; empty where nothing does. */
export function differences(program: Program, expected: IsaResult, found: IsaResult): readonly string[] {
  const lines: string[] = [];
  for (const [index, value] of expected.registers.entries()) {
    if (value === found.registers[index]) continue;
    lines.push(row(nameOf(index), hex(value, 16), hex(found.registers[index]!, 16)));
  }
  if (expected.fcsr !== found.fcsr) lines.push(row('fcsr', hex(expected.fcsr, 2), hex(found.fcsr, 2)));
  const start = scratchOf(program);
  for (const [offset, value] of expected.memory.entries()) {
    if (value === found.memory[offset]) continue;
    lines.push(row(`[${hex(start + BigInt(offset), 8)}]`, hex(value, 2), hex(found.memory[offset]!, 2)));
  }
  const counts = [expected.instret, found.instret];
  if (!counts.includes(undefined) && counts[0] !== counts[1])
    lines.push(row('instret', `${counts[0]}`, `${counts[1]}`));
  return lines;
}

const NOP = [0x13, 0, 0, 0];
const COMPRESSED_NOP = [0x01, 0];
const isNop = (bytes: Uint8Array): boolean =>
  (bytes.length === 2 ? COMPRESSED_NOP : NOP).every((byte, index) => byte === bytes[index]);

/** Offsets of the instructions in the program's code. */
function offsetsOf({ code }: Program): readonly number[] {
  const offsets: number[] = [];
  for (let at = 0; at < code.length; at += lengthOf(code[at]!)) offsets.push(at);
  return offsets;
}

const instructionAt = ({ code }: Program, offset: number): Uint8Array =>
  code.subarray(offset, offset + lengthOf(code[offset]!));

/** The program without the instructions at these offsets: nothing moves, there are nops in their place. */
function without(program: Program, offsets: readonly number[]): Program {
  const code = program.code.slice();
  for (const offset of offsets) code.set(instructionAt(program, offset).length === 2 ? COMPRESSED_NOP : NOP, offset);
  return { ...program, code };
}

/**
 * The smallest program found, of those that leave out instructions of this one, that still fails.
 * @param fails must answer false for programs that are not well formed, such as those that do not end
 */
export async function shrink(program: Program, fails: (program: Program) => Promise<boolean>): Promise<Program> {
  let smallest = program;
  let remaining = offsetsOf(program).filter((offset) => !isNop(instructionAt(program, offset)));
  for (let size = Math.ceil(remaining.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < remaining.length; ) {
      const dropped = remaining.slice(from, from + size);
      const candidate = without(smallest, dropped);
      if (await fails(candidate)) {
        smallest = candidate;
        remaining = remaining.toSpliced(from, size);
      } else {
        from += size;
      }
    }
  }
  return smallest;
}

/** The program in assembly, without nops. */
export const listing = (program: Program): readonly string[] =>
  offsetsOf(program).flatMap((offset) => {
    const bytes = instructionAt(program, offset);
    const pc = startOf(program) + BigInt(offset);
    return isNop(bytes) ? [] : [`${hex(pc, 8)}  ${disassemble(bytes, pc).text}`];
  });

/** What the registers hold at the start, four a line. */
function startOfRegisters({ registers, fcsr }: Program): readonly string[] {
  const words = registers.map((value, index) => `${ABI_NAMES[index]}=${hex(value, 16)}`.padEnd(23));
  const lines = Array.from({ length: registers.length / 4 }, (_, line) =>
    words
      .slice(line * 4, line * 4 + 4)
      .join(' ')
      .trimEnd(),
  );
  return [...lines, `fcsr=${hex(fcsr, 2)}`];
}

/** What differs, as lines; an engine that fails differs. The oracle must have come to the program's end. */
async function complaints(program: Program, reference: IsaDriver, tested: IsaDriver): Promise<readonly string[]> {
  try {
    return differences(program, await reference.run(program), await tested.run(program));
  } catch (error) {
    return [(error as Error).message];
  }
}

/** Whether the program runs to its end without trapping. */
async function isWellFormed(program: Program): Promise<boolean> {
  try {
    await oracleDriver.run(program);
    return true;
  } catch {
    return false;
  }
}

/**
 * Undefined where the two agree on the program; else a report of the smallest program found on which they do not.
 * `reference` gives the column of expected values.
 */
export async function explain(program: Program, reference: IsaDriver, tested: IsaDriver): Promise<string | undefined> {
  if ((await complaints(program, reference, tested)).length === 0) return undefined;
  const small = await shrink(
    program,
    async (candidate) => (await isWellFormed(candidate)) && (await complaints(candidate, reference, tested)).length > 0,
  );
  return [
    `${reference.name} and ${tested.name} disagree; run it again with SEED=${program.seed} FUZZ_PROGRAMS=1`,
    row('where', reference.name, tested.name),
    ...(await complaints(small, reference, tested)),
    'at the start:',
    ...startOfRegisters(small),
    ...listing(small),
  ].join('\n');
}
