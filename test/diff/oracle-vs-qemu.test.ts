/** Random programs: every engine must make of them what QEMU makes of them. */
import { describe, expect, test } from 'vitest';
import { decode } from '../../core/riscv/decode.ts';
import { formOf } from '../support/forms.ts';
import { endOf, type IsaDriver, oracleDriver, oracleFor, RAM_BYTES, WINDOWS } from '../support/isa-driver.ts';
import { RAM_START } from '../support/oracle.ts';
import { SEED } from '../support/random.ts';
import { differences, explain, listing } from './compare.ts';
import { qemuDriver, requireQemuUser, runUnderQemu, UNUSABLE_UNDER_QEMU } from './qemu-user.ts';
import { randomProgram, USABLE } from './random-program.ts';

const PROGRAMS = Number(process.env.FUZZ_PROGRAMS ?? 4500);
/** Instructions that the default must come to. */
const INSTRUCTIONS_MIN = 1_000_000;

const DRIVERS: readonly IsaDriver[] = [oracleDriver];

console.log(`random programs: SEED=${SEED} FUZZ_PROGRAMS=${PROGRAMS}`);

describe.skipIf(!requireQemuUser())(`random programs under QEMU, SEED=${SEED}`, () => {
  test.each(DRIVERS)(
    '$name agrees',
    async (driver) => {
      let instructions = 0;
      for (let done = 0; done < PROGRAMS; done += WINDOWS) {
        const count = Math.min(WINDOWS, PROGRAMS - done);
        const programs = Array.from({ length: count }, (_, index) =>
          randomProgram(SEED + done + index, UNUSABLE_UNDER_QEMU),
        );
        const expected = runUnderQemu(programs);
        for (const [index, program] of programs.entries()) {
          const found = await driver.run(program);
          instructions += found.instret ?? 0;
          if (differences(program, expected[index]!, found).length > 0)
            expect.fail(await explain(program, qemuDriver, driver));
        }
      }
      console.log(`${driver.name}: ${instructions} instructions of ${PROGRAMS} programs agree`);
      if (process.env.FUZZ_PROGRAMS === undefined) expect(instructions).toBeGreaterThan(INSTRUCTIONS_MIN);
    },
    600_000,
  );
});

describe('the generator', () => {
  test('makes the same program of the same seed', () => {
    expect(randomProgram(SEED)).toEqual(randomProgram(SEED));
    expect(randomProgram(SEED).code).not.toEqual(randomProgram(SEED + 1).code);
  });

  test(`has every usable encoding executed, SEED=${SEED}`, () => {
    const missing = new Set(USABLE.map(({ name }) => name));
    for (let index = 0; index < 400 && missing.size > 0; index++) {
      const program = randomProgram(SEED + index);
      const oracle = oracleFor(program);
      const ram = new DataView(oracle.ram.buffer);
      while (oracle.hart.state.pc !== endOf(program)) {
        const at = Number(oracle.hart.state.pc - RAM_START);
        const bits = at + 4 <= RAM_BYTES ? ram.getUint32(at, true) : 0;
        missing.delete(formOf(decode(bits)!).name);
        oracle.step();
      }
    }
    expect([...missing]).toEqual([]);
  });

  test('leaves out only what traps', () => {
    const usable = new Set(USABLE.map(({ name }) => name));
    const all = [
      'addi',
      'fence.i',
      'lr.w',
      'sc.d',
      'jalr',
      'c.jr',
      'c.ebreak',
      'ebreak',
      'ecall',
      'csrrw',
      'mret',
      'wfi',
    ];
    expect(all.filter((name) => !usable.has(name))).toEqual(['c.ebreak', 'ebreak', 'ecall', 'mret', 'wfi']);
  });
});

describe('a disagreement', () => {
  /** As an engine would be that takes add for sub. */
  const wrong: IsaDriver = {
    name: 'wrong',
    run(program) {
      const code = program.code.slice();
      const view = new DataView(code.buffer);
      for (const { offset, bits } of wordsOf(program.code))
        if ((bits & 0xfe00_707f) === 0x0000_0033) view.setUint32(offset, bits | 0x4000_0000, true);
      return oracleDriver.run({ ...program, code });
    },
  };

  function wordsOf(code: Uint8Array): { offset: number; bits: number }[] {
    const words: { offset: number; bits: number }[] = [];
    const view = new DataView(code.buffer, code.byteOffset, code.length);
    for (let offset = 0; offset < code.length; ) {
      const long = (code[offset]! & 3) === 3;
      if (long) words.push({ offset, bits: view.getUint32(offset, true) });
      offset += long ? 4 : 2;
    }
    return words;
  }

  test('is found and made small', async () => {
    let report: string | undefined;
    let seed = 1;
    for (; report === undefined && seed < 2000; seed++)
      report = await explain(randomProgram(seed), oracleDriver, wrong);
    expect(report).toContain(`oracle and wrong disagree; run it again with SEED=${seed - 1} FUZZ_PROGRAMS=1`);
    expect(report).toMatch(/^where +oracle +wrong$/m);
    expect(report).toMatch(/ {2}add /);
    const before = listing(randomProgram(seed - 1)).length;
    expect(report!.split('\n').filter((line) => /^0x[0-9a-f]{8} {2}/.test(line)).length).toBeLessThan(before / 5);
  });

  test('in the count of instructions is one', () => {
    const program = randomProgram(1);
    const result = { registers: program.registers, fcsr: 0n, memory: program.scratch, instret: 5 };
    expect(differences(program, result, { ...result, instret: 6 })).toEqual(['instret      5                  6']);
    expect(differences(program, result, { ...result, instret: undefined })).toEqual([]);
  });
});
