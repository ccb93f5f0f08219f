/** Each verb of the plugin API and each filter, on a program whose events can be counted by hand. */
import { expect, test } from 'vitest';
import { assemble } from '../../../core/riscv/assemble.ts';
import { guestMachine, testFile } from '../../support/guest-machine.ts';

const RAM = 0x8000_0000;
/** On the next page; a cache line for each hart. */
const DATA = RAM + 0x1000;
/** Instructions in front of `round`. */
const AHEAD = 7;

/** Goes round 98304 times on hart 0, twice that on hart 1, with s1 from there down to 1: interpreted, then compiled. */
const PROGRAM = assemble(`
  auipc s0, 0x1
  csrrs tp, mhartid, zero
  slli t0, tp, 6
  add s0, s0, t0
  lui t1, 24
  mul t0, tp, t1
  add s1, t0, t1
  round:
  sd s1, 0(s0)
  ld a0, 0(s0)
  amoadd.d a1, s1, (s0)
  lr.d a2, (s0)
  sc.d a3, s1, (s0)         # stores
  sc.d a3, s1, (s0)         # fails: no access
  sb s1, 9(s0)
  addi s1, s1, -1
  bne s1, zero, round
  jal zero, end
  end:
  fence rw, rw
  wfi
`);
const ROUNDS = [24 << 12, 48 << 12];

/** From a number of rounds to a number of hits. */
type Hits = (rounds: number, vcpu: number) => number;

// biome-ignore format: a line each
const CASES: readonly (readonly [words: string, hits: Hits])[] = [
  // Every instruction; blocks are entered at the start, behind csrrs, at each round but the first, and at jal and fence.
  ['verb=count', (rounds) => 10 + 9 * rounds],
  ['verb=count at=block', (rounds) => 3 + rounds],
  ['verb=count at=sd', (rounds) => rounds],
  ['verb=count at=sd amount=3', (rounds) => 3 * rounds],
  ['verb=count at=nosuch', () => 0],
  ['verb=call', (rounds) => 10 + 9 * rounds],
  ['verb=call at=block', (rounds) => 3 + rounds],
  ['verb=call at=bne', (rounds) => rounds],
  // The counter is one more each time, and is 1 at the first test.
  ['verb=when at=sd compare=eq value=5', () => 1],
  ['verb=when at=sd compare=ne value=5', (rounds) => rounds - 1],
  ['verb=when at=sd compare=lt value=5', () => 4],
  ['verb=when at=sd compare=le value=5', () => 5],
  ['verb=when at=sd compare=gt value=5', (rounds) => rounds - 5],
  ['verb=when at=sd compare=ge value=5', (rounds) => rounds - 4],
  ['verb=when at=block compare=le value=6', () => 6],
  // ld, amoadd and lr load; sd, amoadd, one sc and sb store.
  ['verb=countAccess kind=load', (rounds) => 3 * rounds],
  ['verb=countAccess kind=store', (rounds) => 4 * rounds],
  ['verb=countAccess kind=any', (rounds) => 6 * rounds],
  ['verb=countAccess kind=any amount=0x10000', (rounds) => 6 * rounds * 2 ** 16],
  ['verb=countAccess kind=any at=addi', () => 0],
  ['verb=countAccess kind=load at=sd', () => 0],
  ['verb=countAccess kind=any at=sc.d', (rounds) => rounds],
  ['verb=callAccess kind=load', (rounds) => 3 * rounds],
  ['verb=callAccess kind=store', (rounds) => 4 * rounds],
  ['verb=callAccess kind=any', (rounds) => 6 * rounds],
  ['verb=callAccess kind=store at=sc.d', (rounds) => rounds],
  ['verb=callAccess kind=any at=bne', () => 0],
  ...(['load', 'store', 'any'] as const).flatMap((kind): [string, Hits][] => {
    const at = kind === 'load' ? 'ld' : 'sd';
    return [
      ...(['counter', 'value'] as const).flatMap((tested): [string, Hits][] => [
        [`verb=whenAccess kind=${kind} at=${at} test=${tested} compare=eq value=5`, () => 1],
        [`verb=whenAccess kind=${kind} at=${at} test=${tested} compare=ne value=5`, (rounds) => rounds - 1],
        [`verb=whenAccess kind=${kind} at=${at} test=${tested} compare=lt value=5`, () => 4],
        [`verb=whenAccess kind=${kind} at=${at} test=${tested} compare=le value=5`, () => 5],
        [`verb=whenAccess kind=${kind} at=${at} test=${tested} compare=gt value=5`, (rounds) => rounds - 5],
        [`verb=whenAccess kind=${kind} at=${at} test=${tested} compare=ge value=5`, (rounds) => rounds - 4],
      ]),
      // Only sb reaches beyond the first eight bytes.
      [`verb=whenAccess kind=${kind} test=address low=${DATA + 9} high=${DATA + 10}`, (rounds, vcpu) => (vcpu === 0 && kind !== 'load' ? rounds : 0)],
    ];
  }),
  // What an AMO leaves in memory: s1 twice.
  ['verb=whenAccess kind=load at=amoadd.d test=value compare=eq value=10', () => 1],
  ['verb=whenAccess kind=store at=amoadd.d test=value compare=le value=10', () => 5],
  ['verb=whenAccess kind=any at=sc.d test=value compare=eq value=5', () => 1],
  // Comparison is unsigned.
  ['verb=whenAccess kind=any test=value compare=lt value=0xffffffffffffffff', (rounds) => 6 * rounds],
  [`verb=whenAccess kind=any test=address low=${DATA + 64} high=${DATA + 72}`, (rounds, vcpu) => (vcpu === 1 ? 5 * rounds : 0)],
  ['verb=whenAccess kind=any test=address low=0 high=0xffffffffffffffff', (rounds) => 6 * rounds],
  // Delivered by the thousand, and what is left when somebody asks.
  ['verb=record', (rounds) => 10 + 9 * rounds],
  ['verb=record at=block', (rounds) => 3 + rounds],
  ['verb=record at=bne', (rounds) => rounds],
  ['verb=recordAccess kind=load', (rounds) => 3 * rounds],
  ['verb=recordAccess kind=store', (rounds) => 4 * rounds],
  ['verb=recordAccess kind=any', (rounds) => 6 * rounds],
  ['verb=recordAccess kind=any at=bne', () => 0],
  ['verb=recordAccess kind=store at=sc.d', (rounds) => rounds],
  ['verb=recordAccess kind=any at=sd value=5', () => 4],
  ['verb=recordAccess kind=store at=amoadd.d value=11', () => 5],
  [`verb=recordAccess kind=any low=${DATA + 64} high=${DATA + 72}`, (rounds, vcpu) => (vcpu === 1 ? 5 * rounds : 0)],
  [`verb=recordAccess kind=load low=${DATA} high=${DATA + 8}`, (rounds, vcpu) => (vcpu === 0 ? 3 * rounds : 0)],
  // Filters.
  ['verb=count vcpus=1', (rounds, vcpu) => (vcpu === 1 ? 10 + 9 * rounds : 0)],
  ['verb=call vcpus=0 at=ld', (rounds, vcpu) => (vcpu === 0 ? rounds : 0)],
  ['verb=count vcpus=0 vcpus=1 at=ld', (rounds) => rounds],
  [`verb=count from=${RAM + 4 * AHEAD} to=${RAM + 4 * AHEAD + 8}`, (rounds) => 2 * rounds],
  [`verb=countAccess kind=any from=${RAM + 4 * AHEAD} to=${RAM + 4 * AHEAD + 8}`, (rounds) => 2 * rounds],
  [`verb=call at=block from=${RAM + 4 * AHEAD} to=${RAM + 4 * AHEAD + 4}`, (rounds) => rounds],
  ['verb=count classes=alu', (rounds) => 6 + rounds],
  ['verb=count classes=load', (rounds) => rounds],
  ['verb=count classes=store', (rounds) => 2 * rounds],
  ['verb=count classes=atomic', (rounds) => 4 * rounds],
  ['verb=count classes=branch', (rounds) => rounds],
  ['verb=count classes=jump', () => 1],
  ['verb=count classes=fence', () => 1],
  ['verb=count classes=system', () => 2],
  ['verb=count classes=load classes=store', (rounds) => 3 * rounds],
  ['verb=countAccess kind=store classes=atomic', (rounds) => 2 * rounds],
  [`verb=count classes=alu vcpus=1 from=${RAM + 4 * AHEAD}`, (rounds, vcpu) => (vcpu === 1 ? rounds : 0)],
];

test('every verb and filter counts what can be counted by hand, all at once', async () => {
  const { machine } = await guestMachine({ kernel: PROGRAM, smp: 2 });
  for (const [words] of CASES)
    await machine.instrumentation.load(testFile('machine/plugins/fixtures/verbs.ts'), {
      id: words,
      args: words.split(' '),
    });
  await machine.cont();
  await expect.poll(() => machine.vcpus.map(({ halted }) => halted)).toEqual([true, true]);

  const loaded = await machine.instrumentation.query();
  const found = loaded.map(({ id, report }) => [id, report]);
  const expected = CASES.map(([words, hits]) => [words, ROUNDS.map((rounds, vcpu) => BigInt(hits(rounds, vcpu)))]);
  expect(found).toEqual(expected);
  for (const { compiled } of machine.codeStatistics()) expect(compiled).toBeGreaterThan(0);
});

test('events come in the order of the guest, and among plugins in that of their loading', async () => {
  const { machine, files } = await guestMachine({
    kernel: assemble(`
      auipc s0, 0x1
      addi s1, zero, 7
      jal zero, next
      next:
      sd s1, 0(s0)
      amoadd.w a1, s1, (s0)
      sc.d a3, s1, (s0)
      lhu a2, 1(s0)
      sd zero, 0(zero)
      wfi
    `),
  });
  const path = testFile('machine/plugins/fixtures/events.ts');
  for (const id of ['b', 'a']) await machine.instrumentation.load(path, { id, args: [`prefix=${id}`] });
  await machine.cont();
  await expect.poll(() => machine.vcpus[0]!.register('mcause')).not.toBe(0n);
  await machine.stop();
  await machine.reset('host-qmp-system-reset');
  const [loaded] = await machine.instrumentation.query();
  for (const id of ['b', 'a']) await machine.instrumentation.unload(id);

  // By the place in the guest's code; the last instruction faults and has no access.
  const places = [
    ['enter'],
    ['translate auipc addi jal (transfer)'],
    ['block 80000000', 'auipc s1=0'],
    ['addi s1=0'],
    ['jal s1=7'],
    ['translate sd amoadd.w sc.d lhu sd wfi (transfer)'],
    ['block 8000000c', 'sd s1=7'],
    ['sd store 80001000/8 7'],
    ['amoadd.w s1=7'],
    ['amoadd.w loadstore 80001000/4 e'],
    ['sc.d s1=7'],
    ['lhu s1=7'],
    ['lhu load 80001001/2 0'],
    ['sd s1=7'],
    ['reset'],
  ];
  const of = (id: string, lines: readonly string[]): string[] => lines.map((line) => `${id} 0 ${line}`);
  expect(loaded!.report).toEqual(places.flatMap((lines) => [...of('b', lines), ...of('a', lines)]));
  for (const id of ['a', 'b'])
    expect(files.get(`${id}:events`)!.split('\n')).toEqual([...of(id, [...places.flat(), 'exit']), '']);
});
