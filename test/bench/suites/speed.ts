/** How fast guests run, without a plugin. */
import { BENCHMARKS } from '../../guests/build.ts';
import type { Table } from '../../support/table.ts';
import { type Emulator, type GuestRun, programFile, QEMU, runGuest, VIVARIUM, versionOf } from '../emulators.ts';
import { geometricMean, median, shown, times } from '../statistics.ts';
import type { Result, RunOptions, Suite } from '../suite.ts';

/** Harts that a program needs, where it is not one. */
const HARTS: Readonly<Record<string, number>> = { atomics2: 2 };

type Runs = readonly GuestRun[];
/** Of each program, the runs on each emulator. */
type Measured = ReadonlyMap<string, Readonly<Partial<Record<Emulator['name'], Runs>>>>;

const steady = (runs: Runs): number => median(runs.map(({ guestSeconds }) => guestSeconds));
const whole = (runs: Runs): number => median(runs.map(({ processSeconds }) => processSeconds));

async function measure(emulators: readonly Emulator[], { cases, runs, progress }: RunOptions): Promise<Measured> {
  const measured = new Map<string, Partial<Record<Emulator['name'], GuestRun[]>>>(cases.map((name) => [name, {}]));
  for (let run = 1; run <= runs; run++) {
    for (const name of cases) {
      const found: string[] = [];
      for (const emulator of emulators) {
        const result = await runGuest(emulator, programFile(name), HARTS[name] ?? 1);
        const ofProgram = measured.get(name)!;
        ofProgram[emulator.name] = [...(ofProgram[emulator.name] ?? []), result];
        found.push(`${emulator.name} ${shown(result.guestSeconds)} s`);
      }
      progress(`${name}, run ${run} of ${runs}: ${found.join(', ')}`);
      checkChecksums(name, Object.values(measured.get(name)!).flat());
    }
  }
  return measured;
}

/** @throws Error unless all runs computed the same */
function checkChecksums(name: string, runs: Runs): void {
  const checksums = new Set(runs.map(({ checksum }) => checksum));
  if (checksums.size > 1) throw new Error(`${name} computes different things: ${[...checksums].join(', ')}`);
}

function tableOf(measured: Measured): Table {
  const ratios: { readonly steady: number; readonly whole: number }[] = [];
  const rows = Array.from(measured, ([name, { QEMU: qemu, Vivarium: vivarium = [] }]) => {
    const millions = median(vivarium.map(({ instructions }) => instructions)) / 1e6;
    const ours = [shown(millions / steady(vivarium)), shown(whole(vivarium))] as const;
    if (!qemu) return [name, '', ours[0], '', '', ours[1], ''];
    const ratio = { steady: steady(qemu) / steady(vivarium), whole: whole(qemu) / whole(vivarium) };
    ratios.push(ratio);
    const theirs = [shown(millions / steady(qemu)), shown(whole(qemu))] as const;
    return [name, theirs[0], ours[0], times(ratio.steady), theirs[1], ours[1], times(ratio.whole)];
  });
  const mean = (of: 'steady' | 'whole'): string => times(geometricMean(ratios.map((ratio) => ratio[of])));
  if (ratios.length > 1) rows.push(['geometric mean', '', '', mean('steady'), '', '', mean('whole')]);
  return {
    columns: [
      { title: 'program', isText: true },
      { title: 'QEMU MIPS' },
      { title: 'Vivarium MIPS' },
      { title: 'speed' },
      { title: 'QEMU s' },
      { title: 'Vivarium s' },
      { title: 'whole run' },
    ],
    rows,
  };
}

export const speed: Suite = {
  name: 'speed',
  title: 'Speed of the guest',
  doc: `Each program is one ELF file for the bare machine, run in turn on Debian's \`qemu-system-riscv64 -M virt -bios none\`
and on Vivarium with the same options. Both must compute the same checksum.

- _MIPS_ are millions of guest instructions in a second of the guest's own clock, from the start of the work to its end:
  the steady speed. Instructions are those that Vivarium retires; QEMU's own \`instret\` counts time. \`atomics2\` runs on
  two harts that wait for each other, so that its instructions differ from run to run: there only the ratio means something.
- _speed_ is QEMU's time by the guest's clock divided by Vivarium's: more than 1 means that Vivarium is faster.
- _s_ and _whole run_ are the same for the whole process, from its start to its end, warm-up and all.`,
  cases: BENCHMARKS.map(({ name }) => name),
  async run(options): Promise<Result> {
    const hasQemu = versionOf(QEMU.program) !== undefined;
    const measured = await measure(hasQemu ? [QEMU, VIVARIUM] : [VIVARIUM], options);
    return {
      tables: [tableOf(measured)],
      remarks: hasQemu
        ? []
        : [`${QEMU.program} is not installed (Debian: qemu-system-misc), so its columns are empty.`],
      measurements: Object.fromEntries(measured),
    };
  },
};
