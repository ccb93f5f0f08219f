/** What each guest program does, on every machine that is right. */

/** Types `text` on the console, or ends the machine from outside, as soon as `after` has appeared behind the last one. */
export type Step = readonly [after: string, text: string | 'kill'];

export interface Session {
  /** Path from this folder. */
  readonly elf: string;
  /** Numbers of harts to run it on. */
  readonly harts: readonly number[];
  readonly steps?: readonly Step[];
  /** What its console shows, somewhere. */
  readonly shows?: readonly (string | RegExp)[];
  /** All that its console shows. */
  readonly output?: string;
  /** Absent where the last step ends it. */
  readonly exitCode?: number;
}

export const SESSIONS: readonly Session[] = [
  { elf: 'bin/exit42.elf', harts: [1, 2, 4], output: '', exitCode: 42 },
  { elf: 'bin/traps.elf', harts: [1, 2, 4], shows: [/^traps: 5\d checks, 0 failed$/m], exitCode: 0 },
  { elf: 'bin/atomics.elf', harts: [1, 2, 4], shows: ['atomics checksum=83d08cb4ece26c42'], exitCode: 0 },
  { elf: 'bin/smc.elf', harts: [1, 2, 4], shows: ['smc checksum=000000ddf6498de0'], exitCode: 0 },
  { elf: 'bin/coremark-like.elf', harts: [1, 2, 4], shows: ['checksum=000000002dfba28c'], exitCode: 0 },
  {
    elf: '../bench/bin/atomics2.elf',
    harts: [1],
    shows: ['atomics2 needs 2 harts, the machine has 1'],
    exitCode: 1,
  },
  { elf: 'bin/echo.elf', harts: [1, 2, 4], steps: [['', 'hello\nq!']], output: 'hello\nq', exitCode: 0 },
  { elf: 'bin/spin.elf', harts: [1, 2, 4], steps: [['harts', 'kill']], shows: [/^spin: [124] harts/] },
  {
    elf: 'demo.elf',
    harts: [2],
    steps: [
      ['Type `help`', 'stop\r'],
      ['stopped', 'run sort 5\r'],
      ['sort          5 rounds on each of 2 harts, all right', 'run atomics 3\r'],
      ['atomics       3 rounds on each of 2 harts, all right', 'status\r'],
      ['stopped', 'crash\r'],
      ['mtval  00000000ffffffff', 'run nowhere\r'],
      ['`nowhere`: expected a phase', 'exit 7\r'],
    ],
    shows: ['Vivarium demo guest on 2 harts', 'trap out of user mode: illegal instruction'],
    exitCode: 7,
  },
];
