/** Every floating-point instruction on many operands: the oracle must agree with QEMU, and every engine with the oracle. */
import { describe, expect, test } from 'vitest';
import { CAUSE, MSTATUS } from '../../core/riscv/hart.ts';
import { createInterpreterMachine } from '../support/interpreter-driver.ts';
import { RAM_START } from '../support/oracle.ts';
import { Random, SEED } from '../support/random.ts';
import { CASES, floatDifferences, floatImage, type Operands, outcomesIn, randomOperands } from './float-program.ts';
import { requireQemuUser, runImage } from './qemu-user.ts';

const OPERANDS = Number(process.env.FUZZ_FLOATS ?? 2000);
const OPERANDS_AT_ONCE = 1000;

describe(`floating point in ${OPERANDS * CASES.length} cases, SEED=${SEED}`, () => {
  /** @param run the program in this image: what it prints */
  function compare(run: (image: Uint8Array, operands: readonly Operands[]) => Uint8Array): void {
    const random = new Random(SEED);
    for (let done = 0; done < OPERANDS; done += OPERANDS_AT_ONCE) {
      const operands = Array.from({ length: OPERANDS_AT_ONCE }, () => randomOperands(random));
      expect(floatDifferences(run(floatImage(operands), operands), operands)).toEqual([]);
    }
  }

  test.skipIf(!requireQemuUser())('of the oracle is that of QEMU', () => {
    compare((image, operands) => runImage(image, outcomesIn(image, operands).length));
  });

  test.each([
    ['interpreter', -1],
    ['compiler', 0],
  ])('of the %s is that of the oracle', (_, coldness) => {
    const { vcpu, ram, traps } = createInterpreterMachine({ ramBytes: 8 << 20, coldness });
    compare((image, operands) => {
      traps.length = 0;
      ram.set(image);
      vcpu.reset(RAM_START);
      vcpu.hart.state.mstatus |= MSTATUS.FS;
      while (traps.length === 0) vcpu.run();
      expect(traps).toMatchObject([{ cause: CAUSE.environmentCallFromMachine }]);
      return outcomesIn(ram, operands);
    });
  });
});
