/** Code that one vCPU rewrites at random while others run it, in regions across pages: they see old code or new code. */
import { expect, test } from 'vitest';
import { FINISHER } from '../../core/devices/test-sifive.ts';
import { assemble } from '../../core/riscv/assemble.ts';
import { guestMachine } from '../support/guest-machine.ts';
import { Random, SEED } from '../support/random.ts';

const STEPS = 100;
const RUNNERS = [1, 2];
/** Calls of every function behind each `fence.i`. */
const CALLS = 400;
/** From the start of RAM, in pages: the functions, and in front of them words that the vCPUs share. */
const FUNCTIONS = [0x10, 0x11, 0x12, 0x13];
const SHARED = 0x8;

/** Of `SHARED`: how often each function has been rewritten, rounds of each runner, whether it is over. */
const versionAt = (index: number): number => index * 8;
const roundsAt = (runner: number): number => 256 + runner * 8;
const OVER = 512;
/** Not zero where a runner has seen what it must not. */
const wrongAt = (runner: number): number => 1024 + runner * 8;

const RAM = 0x8_0000;
const functionAt = (index: number): string => `0x${((RAM + FUNCTIONS[index]!) * 4096).toString(16)}`;

/** Returns its version in a0. */
const versionOf = (version: number): string => `addi a0, zero, ${version}`;
const wordOf = (instruction: string): number => new DataView(assemble(instruction).buffer).getInt32(0, true);

/** Loads a constant of 32 bits: the upper part makes up for the sign of the lower one. */
const constant = (register: string, value: number): readonly string[] => [
  `lui ${register}, ${((value + 0x800) >>> 12) & 0xf_ffff}`,
  `addiw ${register}, ${register}, ${(value << 20) >> 20}`,
];

/** Rewrites one function after another, and lets the runners go on for some rounds in between. */
function writer(random: Random): readonly string[] {
  const versions = FUNCTIONS.map(() => 0);
  return Array.from({ length: STEPS }, (_, step) => {
    const index = random.below(FUNCTIONS.length);
    versions[index]!++;
    const rewrite = [
      ...constant('t1', wordOf(versionOf(versions[index]!))),
      `lui t2, ${FUNCTIONS[index]! - SHARED}`,
      'add t2, t2, s0',
      'sw t1, 0(t2)',
      'fence rw, rw',
      `addi t1, zero, ${versions[index]}`,
      `sd t1, ${versionAt(index)}(s0)`,
      'fence rw, rw',
    ];
    if (random.chance(50)) return rewrite;
    return [
      ...rewrite,
      ...RUNNERS.flatMap((runner) => [
        `ld t1, ${roundsAt(runner)}(s0)`,
        `addi t1, t1, ${random.between(1, 8)}`,
        `wait${step}of${runner}:`,
        `ld t2, ${roundsAt(runner)}(s0)`,
        `blt t2, t1, wait${step}of${runner}`,
      ]),
    ];
  }).flat();
}

/** Calls the functions again and again: none may be older than it was in front of `fence.i`, or newer than it is. */
const runner = (hart: number): readonly string[] => [
  `runner${hart}:`,
  ...FUNCTIONS.map((_, index) => `ld s${2 + index}, ${versionAt(index)}(s0)`),
  'fence.i',
  `addi s1, zero, ${CALLS}`,
  `calls${hart}:`,
  ...FUNCTIONS.flatMap((_, index) => [
    `jal ra, ${functionAt(index)}`,
    `blt a0, s${2 + index}, wrong${hart}`,
    `addi s${6 + index}, a0, 0`,
  ]),
  'addi s1, s1, -1',
  `bne s1, zero, calls${hart}`,
  'fence rw, rw',
  // The new instruction is there before the number says so.
  ...FUNCTIONS.flatMap((_, index) => [
    `ld t1, ${versionAt(index)}(s0)`,
    'addi t1, t1, 1',
    `blt t1, s${6 + index}, wrong${hart}`,
  ]),
  `jal zero, right${hart}`,
  `wrong${hart}:`,
  'addi t1, zero, 1',
  `sd t1, ${wrongAt(hart)}(s0)`,
  `right${hart}:`,
  `ld t1, ${roundsAt(hart)}(s0)`,
  'addi t1, t1, 1',
  `sd t1, ${roundsAt(hart)}(s0)`,
  `ld t1, ${OVER}(s0)`,
  `beq t1, zero, runner${hart}`,
  'jal zero, asleep',
];

const kernel = (random: Random): Uint8Array => {
  const code = assemble(
    [
      `auipc s0, ${SHARED}`,
      'csrrs t0, mhartid, zero',
      ...RUNNERS.flatMap((hart) => [
        `addi t1, zero, ${hart}`,
        `bne t0, t1, not${hart}`,
        `jal zero, runner${hart}`,
        `not${hart}:`,
      ]),
      ...writer(random),
      'addi t1, zero, 1',
      `sd t1, ${OVER}(s0)`,
      ...RUNNERS.flatMap((hart) => [`ld t1, ${wrongAt(hart)}(s0)`, 'bne t1, zero, failed']),
      `lui t2, 0x100`,
      ...constant('t1', FINISHER.pass),
      'sw t1, 0(t2)',
      'jal zero, asleep',
      'failed:',
      `lui t2, 0x100`,
      ...constant('t1', FINISHER.fail | (1 << 16)),
      'sw t1, 0(t2)',
      'asleep:',
      'wfi',
      'jal zero, asleep',
      ...RUNNERS.flatMap(runner),
    ].join('\n'),
    0x8000_0000n,
  );
  const image = new Uint8Array((FUNCTIONS.at(-1)! + 1) * 4096);
  image.set(code);
  for (const page of FUNCTIONS) image.set(assemble(`${versionOf(0)}\njalr zero, 0(ra)`), page * 4096);
  return image;
};

test(`rewritten code is seen behind the next fence.i, SEED=${SEED}`, async () => {
  const { machine, ended, reports } = await guestMachine({ kernel: kernel(new Random(SEED)), smp: 1 + RUNNERS.length });
  await machine.cont();
  expect(await ended).toMatchObject({ guest: true, exitCode: 0 });
  expect(reports).toEqual([]);
});
