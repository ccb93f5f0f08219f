/**
 * SiFive's test finisher: a word by which the guest ends or resets the machine.
 * Linux documents it as device-tree binding `sifive,test1`; used through `syscon-poweroff` and `syscon-reboot`.
 */
import { struct } from '../memory/struct.ts';
import { device } from './device.ts';

/** What the low half of the word asks for. */
export const FINISHER = { fail: 0x3333, pass: 0x5555, reset: 0x7777 } as const;

export interface Finish {
  readonly kind: keyof typeof FINISHER;
  /** Upper half of the word, 0 to 65535: the exit status of a failure. */
  readonly code: number;
}

export interface TestPins {
  finish(finish: Finish): void;
}

const KINDS = Object.keys(FINISHER) as Finish['kind'][];
const state = struct({});

export const testSifive = device<typeof state.fields, TestPins>('riscv.sifive.test', {
  doc: 'Ends the machine (0x5555: good; 0x3333 with a status in the upper half: bad) or resets it (0x7777).',
  size: 0x1000,
  state,
  registers: {},
  windows: {
    /** 32 bits; OpenSBI writes the low half alone. */
    TEST: {
      at: 0,
      size: 4,
      read: () => 0n,
      write: (_, value, pins, offset, bytes) => {
        if (offset !== 0 || bytes < 2) return;
        const word = Number(value);
        const kind = KINDS.find((kind) => FINISHER[kind] === (word & 0xffff));
        if (kind) pins.finish({ kind, code: word >>> 16 });
      },
    },
  },
  reset: () => {},
  operations: {},
  settle: () => {},
  node: { name: 'test', properties: { compatible: ['sifive,test1', 'sifive,test0', 'syscon'] } },
});
