/** Random privileged cases: every engine must make of them what QEMU makes of them. */
import { describe, expect, test } from 'vitest';
import { Random, SEED } from '../../support/random.ts';
import type { Features } from './address-space.ts';
import { randomEpisode } from './cases.ts';
import { type Engine, ORACLE, vcpuEngine } from './engines.ts';
import { CASES_MAX, differingByte, type Episode, imageOf, outputOf, PAGE, Pages } from './image.ts';
import { requireQemuSystem, runOnQemu } from './qemu-system.ts';

const IMAGES = Number(process.env.FUZZ_IMAGES ?? 7);
/** What the default must come to, for each format of page tables. */
const INSTRUCTIONS_MIN = 500_000;
const CASES_PER_EPISODE = 8;

const ENGINES: readonly Engine[] = [
  ORACLE,
  vcpuEngine('interpreter', { coldness: -1 }),
  vcpuEngine('interpreter that keeps forgetting', { coldness: -1, codeBytes: 0x1000 }),
  vcpuEngine('compiler', { coldness: 0 }),
  vcpuEngine('compiler of loops', { coldness: 2 }),
];

console.log(`privileged cases: SEED=${SEED} FUZZ_IMAGES=${IMAGES}`);

/** A halfword that is no instruction: in quadrant 0, all that begin with 100. */
const nonsense = (random: Random) => (): bigint =>
  [0n, 16n, 32n, 48n].reduce((word, shift) => word | (BigInt(0x8000 | (random.below(2048) << 2)) << shift), 0n);

const hex = (value: bigint): string => `0x${value.toString(16)}`;

function randomImage(seed: number, features: Features) {
  const random = new Random(seed);
  const pages = new Pages();
  const episodes = Array.from({ length: CASES_MAX / CASES_PER_EPISODE }, () =>
    randomEpisode(random, pages, features, CASES_PER_EPISODE),
  );
  return { episodes, pages, bytes: imageOf(episodes, pages, nonsense(random)) };
}

/** What is different in the first case that has a difference; undefined where nothing is. */
function difference(
  episodes: readonly Episode[],
  pages: Pages,
  expected: Uint8Array,
  found: Uint8Array,
): string | undefined {
  const cases = episodes.flatMap(({ csrs, cases }) =>
    cases.map((each) => ({ ...each, csrs: { ...csrs, ...each.csrs } })),
  );
  for (const [index, { story, csrs, registers }] of cases.entries()) {
    const ours = outputOf(found, index);
    const rows = [...outputOf(expected, index)].map(([name, value]) => ({ name, value, found: ours.get(name)! }));
    if (rows.every(({ value, found }) => value === found)) continue;
    return [
      `case ${index}:`,
      ...story,
      ...Object.entries({ ...csrs, ...registers }).map(([name, value]) => `    ${name} = ${hex(value)}`),
      ...rows.map(
        ({ name, value, found }) => `${value === found ? ' ' : '*'} ${name}: ${hex(value)}, found ${hex(found)}`,
      ),
    ].join('\n');
  }
  const byte = differingByte(expected, found);
  if (byte === undefined) return undefined;
  return `different byte at ${hex(byte)} (${pages.taken.get((byte / PAGE) * PAGE)?.what ?? 'data'})`;
}

describe.skipIf(!requireQemuSystem())(`privileged cases under QEMU, SEED=${SEED}`, () => {
  test.each<[string, Features, readonly string[]]>([
    ['base formats of page tables', { extended: false }, []],
    ['Svnapot and Svpbmt', { extended: true }, ['svnapot=on', 'svpbmt=on']],
  ])(
    '%s',
    async (name, features, properties) => {
      let retired = 0;
      for (let seed = SEED; seed < SEED + IMAGES; seed++) {
        const { episodes, pages, bytes } = randomImage(seed, features);
        const expected = await runOnQemu(bytes, properties);
        for (const engine of ENGINES) {
          const { ram, instructions } = engine.run(bytes);
          const complaint = difference(episodes, pages, expected, ram);
          if (complaint !== undefined)
            expect.fail(`QEMU and ${engine.name} disagree, SEED=${seed} FUZZ_IMAGES=1\n${complaint}`);
          if (engine === ORACLE) retired += instructions;
        }
      }
      console.log(`${name}: ${retired} instructions of ${IMAGES * CASES_MAX} cases agree`);
      if (process.env.FUZZ_IMAGES === undefined) expect(retired).toBeGreaterThan(INSTRUCTIONS_MIN);
    },
    600_000,
  );
});
