/** Random programs that change their own functions, from which regions are made across pages, against the oracle. */
import { describe, expect, test } from 'vitest';
import { assemble } from '../../core/riscv/assemble.ts';
import { createInterpreterMachine, type InterpreterMachineOptions } from '../support/interpreter-driver.ts';
import { createOracle, RAM_START } from '../support/oracle.ts';
import { Random, SEED } from '../support/random.ts';

const PROGRAMS = Number(process.env.FUZZ_PROGRAMS ?? 12);
const RAM_BYTES = 0x1_0000;

console.log(`random programs that change themselves: SEED=${SEED} FUZZ_PROGRAMS=${PROGRAMS}`);

/** Two of them share a page. */
const FUNCTIONS = Array.from({ length: 6 }, (_, index) => 0x2000 + index * 0x800);
const hex = (value: number): string => `0x${value.toString(16)}`;

/** What a function does with a3 in one instruction. */
const randomStep = (random: Random): string =>
  `${random.pick(['addi', 'xori', 'addiw'])} a3, a3, ${random.between(-2048, 2047)}`;

const wordOf = (instruction: string): number => new DataView(assemble(instruction).buffer).getUint32(0, true);

/** Some rounds of calling functions and changing them. Points s0 to the start of RAM; counts in s1, a4. */
function randomSource(random: Random): string {
  let labels = 0;
  const call = (): readonly string[] => {
    const again = `again${labels++}`;
    const callee = hex(Number(RAM_START) + random.pick(FUNCTIONS));
    return [
      `addi a4, zero, ${random.between(1, 20)}`,
      `${again}:`,
      `jal ra, ${callee}`,
      'addi a4, a4, -1',
      `bne a4, zero, ${again}`,
    ];
  };
  const change = (): readonly string[] => {
    const word = wordOf(randomStep(random));
    // Its first or its second instruction. The upper part makes up for the sign of the lower one.
    const at = random.pick(FUNCTIONS) + random.pick([0, 4]);
    const [upper, lower] = [((word + 0x800) >>> 12) & 0xf_ffff, (word << 20) >> 20];
    return [
      ...[`lui t1, ${hex(upper)}`, `addiw t1, t1, ${lower}`],
      ...[`lui t2, ${hex(at >>> 11)}`, 'srli t2, t2, 1', 'add t2, t2, s0'],
      ...[`sw t1, ${at & 0x7ff}(t2)`, 'fence.i'],
    ];
  };
  const body = Array.from({ length: 12 }, () => (random.chance(60) ? call() : change()));
  return [
    'auipc s0, 0',
    'addi s1, zero, 12',
    'round:',
    ...body.flat(),
    'addi s1, s1, -1',
    'bne s1, zero, round',
    'ebreak',
  ].join('\n');
}

/** The image of a program, from the start of RAM on. */
function imageOf(random: Random): Uint8Array {
  const image = new Uint8Array(RAM_BYTES);
  image.set(assemble(randomSource(random)));
  for (const at of FUNCTIONS)
    image.set(assemble([randomStep(random), randomStep(random), 'jalr zero, 0(ra)'].join('\n')), at);
  return image;
}

describe(`random programs, SEED=${SEED}`, () => {
  const images = Array.from({ length: PROGRAMS }, (_, index) => imageOf(new Random(SEED + index)));
  const expected = images.map((code) => {
    const oracle = createOracle({ ramBytes: RAM_BYTES, code });
    while (oracle.traps.length === 0) oracle.step();
    return { x: [...oracle.hart.state.x], instret: oracle.hart.state.minstret, traps: oracle.traps };
  });

  test.each<[string, InterpreterMachineOptions]>([
    ['an interpreter', { coldness: -1 }],
    ['a compiler', { coldness: 0 }],
    ['a compiler of loops', { coldness: 4 }],
    ['a compiler that looks up all the time', { coldness: 4, budget: 10 }],
    ['a compiler that keeps forgetting', { coldness: 4, codeBytes: 0x1800 }],
  ])('%s sees each change', (_, options) => {
    for (const [index, image] of images.entries()) {
      const { vcpu, ram, traps } = createInterpreterMachine({ ramBytes: RAM_BYTES, ...options });
      ram.set(image);
      while (traps.length === 0) vcpu.run(100);
      const { x, minstret } = vcpu.hart.state;
      expect({ x: [...x], instret: minstret, traps }, `SEED=${SEED + index}`).toEqual(expected[index]);
      expect(vcpu.view.compiled > 0).toBe(options.coldness !== -1);
    }
  });
});
