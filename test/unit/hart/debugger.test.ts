/** A vCPU under a debugger does, instruction by instruction, what the oracle does. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { DebugPoints, Start, VcpuStop } from '../../../core/hart/debugger.ts';
import type { Watchpoint } from '../../../core/hart/watchpoints.ts';
import { assemble } from '../../../core/riscv/assemble.ts';
import { MSTATUS } from '../../../core/riscv/hart.ts';
import { PROGRAM } from '../../machine/plugins/fixtures/program.ts';
import { createInterpreterMachine, type InterpreterMachine } from '../../support/interpreter-driver.ts';
import { createOracle, type Oracle, RAM_START } from '../../support/oracle.ts';
import { Random, SEED } from '../../support/random.ts';

const RAM_BYTES = 0x1_0000;
const DATA = RAM_START + 0x1000n;

/** How a vCPU runs code; the compiler has it compiled at once. */
const ENGINES = [
  ['interpreter', -1],
  ['compiler', 0],
] as const;

const setPoints = ({ vcpu }: InterpreterMachine, points: Partial<DebugPoints>): void =>
  vcpu.debug.setPoints({ breakpoints: [], watchpoints: [], ...points });

/** Runs until there is a reason to stop. */
function resume({ vcpu }: InterpreterMachine, start: Start = 'pass'): VcpuStop {
  vcpu.debug.start(start);
  for (let calls = 0; calls < 100_000; calls++) {
    const stop = vcpu.debug.takeStop();
    if (stop) return stop;
    vcpu.run(1000);
  }
  throw new Error('does not stop');
}

/** Where `wfi` is, with which the program ends. */
const END = (() => {
  const oracle = createOracle({ ramBytes: RAM_BYTES, code: PROGRAM });
  oracle.run(10_000_000);
  return oracle.hart.state.pc - 4n;
})();

describe.each(ENGINES)('%s', (_, coldness) => {
  let machine: InterpreterMachine;
  let oracle: Oracle;

  beforeEach(() => {
    machine = createInterpreterMachine({ ramBytes: RAM_BYTES, coldness, stopsAtTraps: false });
    machine.ram.set(PROGRAM);
    oracle = createOracle({ ramBytes: RAM_BYTES, code: PROGRAM });
  });

  /** Both stand in front of the same instruction, in the same state. */
  function expectSame(what = ''): void {
    const { state } = machine.vcpu.hart;
    const other = oracle.hart.state;
    expect(`${what} pc 0x${state.pc.toString(16)} after ${state.minstret}`).toBe(
      `${what} pc 0x${other.pc.toString(16)} after ${other.minstret}`,
    );
    expect([...state.x]).toEqual([...other.x]);
    expect(machine.traps.length).toBe(oracle.traps.length);
  }

  test('steps as the oracle does, traps and all', () => {
    for (let step = 0; step < 400; step++) {
      expect(resume(machine, 'step')).toEqual({ reason: 'step' });
      oracle.step();
      expectSame(`step ${step}:`);
    }
    expect(machine.ram).toEqual(oracle.ram);
    expect(oracle.traps.length).toBeGreaterThan(20);
  });

  test(`stops in front of breakpoints, whatever they are (seed ${SEED})`, () => {
    const random = new Random(SEED);
    const addresses = Array.from({ length: PROGRAM.length / 4 }, (_, index) => RAM_START + BigInt(index * 4));
    const choose = (): readonly bigint[] => [...addresses.filter(() => random.chance(4)), END];
    let breakpoints = choose();
    setPoints(machine, { breakpoints });
    for (let stops = 0; stops < 300; stops++) {
      const steps = random.chance(20);
      const stop = resume(machine, steps ? 'step' : 'pass');
      expect(stop).toEqual({ reason: steps ? 'step' : 'breakpoint' });
      do oracle.step();
      while (!steps && !breakpoints.includes(oracle.hart.state.pc));
      expectSame(`stop ${stops}:`);
      if (oracle.hart.state.pc === END) break;
      if (!random.chance(20)) continue;
      breakpoints = choose();
      setPoints(machine, { breakpoints });
    }
    setPoints(machine, { breakpoints: [END] });
    if (oracle.hart.state.pc !== END) resume(machine);
    oracle.run(10_000_000, END);
    expectSame('end:');
    expect(machine.ram).toEqual(oracle.ram);
  });

  test('stops behind accesses to what is watched, whatever they are', () => {
    const watchpoint: Watchpoint = { kind: 'access', address: DATA + 2n, bytes: 3 };
    setPoints(machine, { breakpoints: [END], watchpoints: [watchpoint] });
    const watchedBytes = (): Uint8Array => oracle.ram.slice(0x1002, 0x1005);
    let last = machine.vcpu.hart.state.minstret;
    for (let stops = 0; ; stops++) {
      const stop = resume(machine);
      const { minstret } = machine.vcpu.hart.state;
      const before = watchedBytes();
      while (oracle.hart.state.minstret < minstret - 1n) oracle.step();
      expect(watchedBytes()).toEqual(before);
      while (oracle.hart.state.minstret < minstret) oracle.step();
      expectSame(`stop ${stops}:`);
      if (stop.reason === 'breakpoint') break;
      expect(stop).toMatchObject({ reason: 'watchpoint', watchpoint });
      expect(minstret).toBeGreaterThan(last);
      last = minstret;
      // Once the program has been round some times it has done all that it does.
      if (stops === 300) {
        setPoints(machine, { breakpoints: [END] });
        resume(machine);
        oracle.run(10_000_000, END);
        break;
      }
    }
    expectSame('end:');
    expect(oracle.hart.state.pc).toBe(END);
    expect(machine.ram).toEqual(oracle.ram);
  });

  // biome-ignore format: a case a line
  const ACCESSES: readonly (readonly [source: string, kinds: string, offset: bigint])[] = [
    ['ld a3, 0(s0)', 'read access', 0n],
    ['sd a3, 0(s0)', 'write access', 0n],
    ['lbu a3, 7(s0)', 'read access', 7n],
    ['lbu a3, 8(s0)', '', 0n],
    ['sb a3, -1(s0)', '', 0n],
    ['sh a3, -1(s0)', 'write access', 0n],
    ['lw a3, -2(s0)', 'read access', 0n],
    ['lwu a3, 6(s0)', 'read access', 6n],
    ['lh a3, 4(s0)', 'read access', 4n],
    ['fld f0, 0(s0)', 'read access', 0n],
    ['fsw f0, 4(s0)', 'write access', 4n],
    ['amoadd.w a3, a4, (s0)', 'read write access', 0n],
    ['amomaxu.d a3, a4, (s0)', 'read write access', 0n],
    ['lr.d a3, (s0)', 'read access', 0n],
    ['sc.d a3, a4, (s0)', '', 0n],
    ['cbo.zero (s0)', 'write access', 0n],
    ['addi a3, a4, 1', '', 0n],
  ];
  test.each(ACCESSES)('%s hits what watches it: %s', (source, kinds, offset) => {
    const code = assemble(`${source}\naddi a5, a5, 1\nebreak`);
    for (const kind of ['read', 'write', 'access'] as const) {
      // At the start of a page, at the end of one, and in the last cache block of one.
      for (const address of [DATA, DATA - 8n, DATA - 64n]) {
        const end = RAM_START + BigInt(code.length - 4);
        machine.vcpu.reset(RAM_START);
        machine.vcpu.hart.state.mstatus |= MSTATUS.FS;
        machine.ram.fill(0).set(code);
        machine.vcpu.hart.state.x[8] = address;
        setPoints(machine, { breakpoints: [end], watchpoints: [{ kind, address, bytes: 8 }] });
        // The second time, whatever can be compiled is.
        for (let round = 0; round < 2; round++) {
          machine.vcpu.hart.state.pc = RAM_START;
          const stop = resume(machine, 'run');
          const expected = kinds.split(' ').includes(kind)
            ? { reason: 'watchpoint', address: address + offset, watchpoint: { kind, address, bytes: 8 } }
            : { reason: 'breakpoint' };
          expect(stop).toEqual(expected);
          expect(machine.vcpu.hart.state.pc).toBe(stop.reason === 'watchpoint' ? RAM_START + 4n : end);
        }
      }
    }
  });

  test('leaves no trace: blocks are what they were', () => {
    const shapes = (): readonly string[] => {
      const { vcpu, layout, buffer } = machine;
      const { code } = layout.vcpus[0]!;
      vcpu.blocks.flush();
      vcpu.hart.state.pc = RAM_START;
      vcpu.run(3);
      return [Buffer.from(buffer, code, vcpu.view.codeBytes).toString('hex')];
    };
    const before = shapes();
    setPoints(machine, {
      breakpoints: [RAM_START, RAM_START + 0x40n],
      watchpoints: [{ kind: 'write', address: DATA, bytes: 8 }],
    });
    expect(resume(machine, 'step')).toEqual({ reason: 'step' });
    setPoints(machine, {});
    expect(shapes()).toEqual(before);
  });
});
