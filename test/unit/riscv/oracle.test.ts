/** What the oracle does where the manuals leave a choice, and what it counts. */
import { describe, expect, test } from 'vitest';
import { CAUSE } from '../../../core/riscv/hart.ts';
import { NO_RESERVATION } from '../../../core/riscv/state.ts';
import { boot } from '../../support/guest.ts';
import { createOracle, type Oracle, RAM_START, type TakenTrap } from '../../support/oracle.ts';

const RAM_END = RAM_START + 0x2000n;
const DATA = RAM_START + 0x1000n;

/** After `source`, with a0 = `address`. The first 16 bytes of DATA hold 0x80, 0x81 and so on. */
function run(source: string, address: bigint, steps = source.trim().split('\n').length): Oracle {
  const oracle = boot(source);
  for (let index = 0; index < 16; index++) oracle.ram[0x1000 + index] = 0x80 + index;
  oracle.hart.state.x[10] = address;
  for (let step = 0; step < steps; step++) oracle.step();
  return oracle;
}

const exception = (cause: number, tval: bigint, epc = RAM_START): TakenTrap => ({ cause, interrupt: false, epc, tval });
const bytesAt = (oracle: Oracle, address: bigint, count: number): number[] => [
  ...oracle.ram.slice(Number(address - RAM_START), Number(address - RAM_START) + count),
];

describe('loads and stores', () => {
  test('need no alignment', () => {
    const oracle = run('ld a1, 1(a0)\nlhu a2, 3(a0)\nsw a1, 5(a0)', DATA);
    expect(oracle.traps).toEqual([]);
    expect(oracle.hart.state.x.slice(11, 13)).toEqual(BigUint64Array.of(0x8887868584838281n, 0x8483n));
    expect(bytesAt(oracle, DATA + 4n, 6)).toEqual([0x84, 0x81, 0x82, 0x83, 0x84, 0x89]);
    expect(oracle.counts).toEqual({ instructions: 3, loads: 2, stores: 1 });
  });

  test.each([
    ['lw a1, 0(a0)', CAUSE.loadAccessFault],
    ['sw a1, 0(a0)', CAUSE.storeAccessFault],
  ])('%s where nothing is faults, at the first byte that is missing', (source, cause) => {
    for (const [address, tval] of [
      [RAM_START - 4n, RAM_START - 4n],
      [RAM_START - 1n, RAM_START - 1n],
      [RAM_END - 2n, RAM_END],
      [0xffff_ffff_ffff_fffcn, 0xffff_ffff_ffff_fffcn],
    ] as const) {
      const oracle = run(source, address);
      expect(oracle.traps).toEqual([exception(cause, tval)]);
      expect(oracle.counts).toEqual({ instructions: 1, loads: 0, stores: 0 });
      expect(oracle.hart.state.minstret).toBe(0n);
    }
  });

  test('that fault change nothing', () => {
    const oracle = run('sd a0, 0(a0)', RAM_END - 4n);
    expect(bytesAt(oracle, RAM_END - 4n, 4)).toEqual([0, 0, 0, 0]);
    expect(run('lw a0, 0(a0)', RAM_END).hart.state.x[10]).toBe(RAM_END);
  });

  test('reach devices where there are any', () => {
    const seen: unknown[] = [];
    const oracle = boot('lb a1, 0(a0)\nsh a1, 2(a0)\nlb a2, 4(a0)\nsb a2, 4(a0)', {
      devices: {
        read: (address, bytes) =>
          address === 0x1000_0000n ? 0x80n + BigInt(seen.push([address, bytes]) - 1) : undefined,
        write: (address, ...rest) => address === 0x1000_0002n && seen.push([address, ...rest]) > 0,
      },
    });
    oracle.hart.state.x[10] = 0x1000_0000n;
    oracle.hart.state.mtvec = RAM_START + 12n;
    oracle.run(4);
    expect(seen).toEqual([
      [0x1000_0000n, 1],
      [0x1000_0002n, 2, 0xff80n],
    ]);
    expect(oracle.hart.state.x[11]).toBe(0xffff_ffff_ffff_ff80n);
    expect(oracle.traps).toEqual([
      exception(CAUSE.loadAccessFault, 0x1000_0004n, RAM_START + 8n),
      exception(CAUSE.storeAccessFault, 0x1000_0004n, RAM_START + 12n),
    ]);
  });
});

describe('atomics', () => {
  test.each([
    ['lr.w a1, (a0)', 2n, CAUSE.loadAddressMisaligned],
    ['lr.d a1, (a0)', 4n, CAUSE.loadAddressMisaligned],
    ['sc.w a1, a2, (a0)', 1n, CAUSE.storeAddressMisaligned],
    ['sc.d a1, a2, (a0)', 4n, CAUSE.storeAddressMisaligned],
    ['amoadd.w a1, a2, (a0)', 2n, CAUSE.storeAddressMisaligned],
    ['amoor.d a1, a2, (a0)', 4n, CAUSE.storeAddressMisaligned],
  ])('%s must be aligned', (source, offset, cause) => {
    expect(run(source, DATA + offset).traps).toEqual([exception(cause, DATA + offset)]);
  });

  test.each([
    ['lr.w a1, (a0)', CAUSE.loadAccessFault],
    ['sc.w a1, a2, (a0)', CAUSE.storeAccessFault],
    ['amoswap.d a1, a2, (a0)', CAUSE.storeAccessFault],
  ])('%s faults where there is no RAM', (source, cause) => {
    expect(run(source, RAM_END).traps).toEqual([exception(cause, RAM_END)]);
  });

  test('count as a load and a store', () => {
    const oracle = run('amoswap.w a1, a0, (a0)', DATA);
    expect(oracle.counts).toEqual({ instructions: 1, loads: 1, stores: 1 });
    expect(oracle.hart.state.x[11]).toBe(0xffff_ffff_8382_8180n);
    expect(bytesAt(oracle, DATA, 5)).toEqual([0x00, 0x10, 0x00, 0x80, 0x84]);
  });
});

describe('a conditional store', () => {
  const stored = { loads: 1, stores: 1 };
  const failed = { loads: 1, stores: 0 };

  test.each([
    ['succeeds at the reserved address', 'lr.d a1, (a0)\nsc.d a2, zero, (a0)', 0n, stored],
    ['fails elsewhere', 'lr.w a1, (a0)\naddi a0, a0, 4\nsc.w a2, zero, (a0)', 1n, failed],
    ['fails without a reservation', 'lw a1, 0(a0)\nsc.w a2, zero, (a0)', 1n, failed],
    [
      'fails where memory has changed',
      'lr.w a1, (a0)\nsb zero, 3(a0)\nsc.w a2, zero, (a0)',
      1n,
      { loads: 1, stores: 1 },
    ],
    [
      'succeeds where it has changed back',
      'lr.w a1, (a0)\nsw a1, 0(a0)\nsc.w a2, zero, (a0)',
      0n,
      { loads: 1, stores: 2 },
    ],
    ['takes the latest reservation', 'lr.w a1, (a0)\nlr.d a1, (a0)\nsc.d a2, zero, (a0)', 0n, { loads: 2, stores: 1 }],
    ['ends the reservation', 'lr.w a1, (a0)\nsc.w a2, a1, (a0)\nsc.w a2, a1, (a0)', 1n, stored],
    [
      'ends the reservation though it fails',
      'lr.w a1, (a0)\naddi a3, a0, 8\nsc.w a2, a1, (a3)\nsc.w a2, a1, (a0)',
      1n,
      failed,
    ],
  ])('%s', (_, source, result, counts) => {
    const oracle = run(source, DATA);
    expect(oracle.traps).toEqual([]);
    expect(oracle.hart.state.x[12]).toBe(result);
    expect(oracle.counts).toMatchObject(counts);
    if (source.includes('sc')) expect(oracle.hart.state.reservedAddress).toBe(NO_RESERVATION);
  });

  test('that faults leaves the reservation alone', () => {
    const oracle = run('lr.w a1, (a0)\naddi a3, a0, 2\nsc.w a2, a1, (a3)', DATA);
    expect(oracle.traps).toEqual([exception(CAUSE.storeAddressMisaligned, DATA + 2n, RAM_START + 8n)]);
    expect(oracle.hart.state).toMatchObject({ reservedAddress: DATA, reservedValue: 0x8382_8180n });
  });
});

describe('instructions', () => {
  test.each([
    [[0x00, 0x00], 0n],
    [[0x6b, 0x12, 0x34, 0x56], 0x5634_126bn],
    [[0x00, 0x20, 0xff, 0xff], 0x2000n],
  ])('%j is illegal: tval has its bits and no others', (bytes, tval) => {
    const oracle = createOracle({ ramBytes: 0x1000, code: Uint8Array.from(bytes) });
    oracle.step();
    expect(oracle.traps).toEqual([exception(CAUSE.illegalInstruction, tval)]);
    expect(oracle.counts.instructions).toBe(1);
    expect(oracle.hart.state.minstret).toBe(0n);
  });

  test.each([
    ['no RAM at all', 0x1000n, 0x1000n],
    ['no second half', RAM_START + 0xffen, RAM_START + 0x1000n],
  ])('with %s cannot be fetched: tval is the half that is missing', (_, pc, tval) => {
    const oracle = createOracle({ ramBytes: 0x1000, code: new Uint8Array() });
    oracle.ram[0xffe] = 0x13;
    oracle.hart.state.pc = pc;
    oracle.step();
    expect(oracle.traps).toEqual([exception(CAUSE.instructionAccessFault, tval, pc)]);
    expect(oracle.counts.instructions).toBe(0);
  });

  test('of two bytes are fetched from the last two of RAM', () => {
    const code = Uint8Array.of(0x01, 0x00); // c.nop
    const oracle = createOracle({ ramBytes: 0x1000, code, pc: RAM_START + 0xffen });
    oracle.step();
    expect(oracle.traps).toEqual([]);
    expect(oracle.hart.state).toMatchObject({ pc: RAM_START + 0x1000n, minstret: 1n });
  });

  test('jump to even addresses', () => {
    const oracle = run('jalr a1, 3(a0)', RAM_START + 0x100n);
    expect(oracle.hart.state.pc).toBe(RAM_START + 0x102n);
    expect(oracle.hart.state.x[11]).toBe(RAM_START + 4n);
  });

  test('that jump to where they link from use the old value', () => {
    const oracle = run('jalr a0, 0(a0)', RAM_START + 0x100n);
    expect(oracle.hart.state.pc).toBe(RAM_START + 0x100n);
    expect(oracle.hart.state.x[10]).toBe(RAM_START + 4n);
  });

  test('never write x0', () => {
    expect(run('addi zero, a0, 1\nlw zero, 0(a0)\nauipc zero, 1', DATA).hart.state.x[0]).toBe(0n);
  });
});

test('run says whether it came to the end', () => {
  const source = 'addi a1, zero, 3\nagain:\naddi a1, a1, -1\nbne a1, zero, again';
  const end = RAM_START + 12n;
  expect(boot(source).run(7, end)).toBe(true);
  expect(boot(source).run(6, end)).toBe(false);
});

test('an interrupt is taken before the instruction that stands there', () => {
  const oracle = boot('addi a1, zero, 1');
  Object.assign(oracle.hart.state, { mie: 8n, mip: 8, mtvec: DATA, mstatus: 8n });
  oracle.ram[0x1000] = 0x01; // c.nop
  oracle.step();
  expect(oracle.traps).toEqual([{ cause: 3, interrupt: true, epc: RAM_START, tval: 0n }]);
  expect(oracle.hart.state).toMatchObject({ pc: DATA + 2n, minstret: 1n });
  expect(oracle.hart.state.x[11]).toBe(0n);
});
