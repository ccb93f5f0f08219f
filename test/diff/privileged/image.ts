/**
 * RAM images that try out privileged behaviour: a program in machine mode that takes one case after another, sets up
 * CSRs and registers as the case says, goes to the case's own code in the case's mode, and when a trap brings it back to
 * machine mode writes down what CSRs and registers then hold. At the end it writes to the test finisher.
 *
 * Cases come in episodes. Within one, neither memory protection nor page tables change behind the hart's back, and no
 * fence stands between the cases: what a hart remembers of one it may use in the next.
 */
import { assemble } from '../../../core/riscv/assemble.ts';
import { RAM_START } from '../../support/oracle.ts';

export const PAGE = 4096n;
const MACHINE_HANDLER = RAM_START + 0x1000n;
/** A page of code for supervisor mode, which may be mapped anywhere: what traps to it come to. */
export const SUPERVISOR_HANDLER = RAM_START + 0x2000n;
/** Where what is given to the cases and what comes of them lies, one record behind the other. */
const RECORDS = RAM_START + 0x1_0000n;
const RECORD_BYTES = 1024n;
/** As many as there is room for in front of FRAMES, and a record that is zero. */
export const CASES_MAX = 184;
/** Pages that cases load from and store to, with as many on either side that they may stray to. */
export const FRAMES = RAM_START + 0x4_0000n;
export const FRAME_COUNT = 64;
/** Pages of code and page tables. */
const PAGES = FRAMES + BigInt(FRAME_COUNT) * PAGE;
const PAGES_MAX = 3000;
/** RAM of the boards that run images. */
export const RAM_MIB = 16;
export const IMAGE_BYTES = Number(PAGES - RAM_START + BigInt(PAGES_MAX) * PAGE);
/** Offset in the image from which on all bytes are the cases'. */
const COMPARED_FROM = Number(FRAMES - RAM_START);

/** Where on the board the test finisher is told that all is done. */
export const FINISHER = 0x10_0000;
/** The machine timer of the first hart, which would be due from the start. */
export const MTIMECMP = 0x200_4000;

/** CSRs that an episode gives values to; and those that each of its cases does, in the order in which they are written. */
export const EPISODE_CSRS = ['pmpaddr0', 'pmpaddr1', 'pmpcfg0', 'menvcfg'] as const;
export const CASE_CSRS = [
  ...(['medeleg', 'mideleg', 'mcounteren', 'scounteren', 'satp', 'mtvec', 'stvec', 'sepc', 'scause', 'stval'] as const),
  ...(['sscratch', 'mscratch', 'mip', 'mie', 'mepc', 'mstatus'] as const),
];
/** CSRs that are written down. `mstatus` comes first, since it is changed at once. */
const OUTPUT_CSRS = [
  ...['mstatus', 'mcause', 'mepc', 'mtval', 'scause', 'sepc', 'stval', 'mip', 'mie', 'sip', 'sie', 'satp'],
  ...['medeleg', 'mideleg', 'mtvec', 'stvec', 'sscratch', 'mscratch', 'mcounteren', 'scounteren'],
];
/**
 * Registers that a case gives values to, and that are written down. Its code uses a0 to a7, and t2. In t6 is how many
 * traps it may go on behind; what they were goes into s2.
 */
export const REGISTERS = ['a0', 'a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7', 't6', 's2'] as const;

type Values<Names extends readonly string[]> = Readonly<Record<Names[number], bigint>>;

export interface Case {
  readonly csrs: Values<typeof CASE_CSRS>;
  readonly registers: Values<typeof REGISTERS>;
  /** How it is meant, for people. */
  readonly story: readonly string[];
}

export interface Episode {
  readonly csrs: Values<typeof EPISODE_CSRS>;
  readonly cases: readonly Case[];
}

const INPUTS = [...EPISODE_CSRS, ...CASE_CSRS, ...REGISTERS];
const OUTPUTS = [...OUTPUT_CSRS, ...REGISTERS];
const OUTPUT_OFFSET = 512;
const KIND_OFFSET = 1016;
/** What a record is; behind the last one everything is zero. */
const KIND = { goesOn: 1n, begins: 2n } as const;

const each = (names: readonly string[], line: (name: string) => string): string => names.map(line).join('\n');
const input = (name: string): number => INPUTS.indexOf(name as (typeof INPUTS)[number]) * 8;
const writeCsr = (name: string): string => `ld t0, ${input(name)}(s0)\ncsrrw zero, ${name}, t0`;
const output = (index: number): number => OUTPUT_OFFSET + index * 8;

/** Mixes the CSR into s2: what comes of it depends on the order too. Uses t4 and t5. */
const note = (name: string): string => `csrrs t5, ${name}, zero\nslli t4, s2, 3\nsub s2, t4, s2\nadd s2, s2, t5`;

/**
 * Machine mode uses s0, t0, t1, t4 and t5, which the cases leave alone. MPRV must not be in its way. Of exceptions it
 * takes note, and goes back to the case behind the instruction, as long as t6 lasts. Where that is machine mode, which may
 * access memory as another one, it fences: QEMU goes on to use what it remembers of the mode that was in MPP.
 */
const PROGRAM = `
  csrrs t0, mhartid, zero
  bne t0, zero, asleep
  auipc s0, ${Number((RECORDS - RAM_START) >> 12n)}
  addi s0, s0, -8
  lui t0, ${MTIMECMP >> 12}
  addi t1, zero, -1
  sd t1, 0(t0)
next:
  ld t0, ${KIND_OFFSET}(s0)
  beq t0, zero, finish
  addi t0, t0, -${KIND.begins}
  bne t0, zero, prepare
  ${each(EPISODE_CSRS, writeCsr)}
  sfence.vma zero, zero
prepare:
  csrrw zero, mstatus, zero
  ${each(
    CASE_CSRS.filter((name) => name !== 'mstatus'),
    writeCsr,
  )}
  ${each(REGISTERS, (name) => `ld ${name}, ${input(name)}(s0)`)}
  ${writeCsr('mstatus')}
  mret
finish:
  lui t0, ${FINISHER >> 12}
  lui t1, 7
  addi t1, t1, 0x777
  sw t1, 0(t0)
  jal zero, finish
asleep:
  wfi
  jal zero, asleep
caught:
  addi t6, t6, -1
  blt t6, zero, ended
  csrrs t5, mcause, zero
  blt t5, zero, ended
  ${each(['mcause', 'mtval', 'mepc', 'mstatus'], note)}
  csrrs t5, mepc, zero
  addi t5, t5, 4
  csrrw zero, mepc, t5
  csrrs t5, mstatus, zero
  slli t5, t5, ${63 - 12}
  bge t5, zero, back
  sfence.vma zero, zero
back:
  mret
ended:
  lui t5, 32
  csrrc t5, mstatus, t5
  sd t5, ${output(0)}(s0)
  ${OUTPUT_CSRS.map((name, index) => (index === 0 ? '' : `csrrs t5, ${name}, zero\nsd t5, ${output(index)}(s0)`)).join('\n')}
  ${each(REGISTERS, (name) => `sd ${name}, ${output(OUTPUTS.lastIndexOf(name))}(s0)`)}
  csrrw zero, mie, zero
  addi s0, s0, ${RECORD_BYTES}
  jal zero, next
`;

/** Does the same in supervisor mode, for exceptions; all the rest calls machine mode. */
const SUPERVISOR_PROGRAM = `
  jal zero, exception
  ${each(Array(63).fill('ecall'), (line) => line)}
exception:
  addi t6, t6, -1
  blt t6, zero, over
  ${each(['scause', 'stval', 'sepc', 'sstatus'], note)}
  csrrs t5, sepc, zero
  addi t5, t5, 4
  csrrw zero, sepc, t5
  sret
over:
  ${each(Array(64).fill('ecall'), (line) => line)}
`;

const isInstruction = (line: string): boolean => line.trim() !== '' && !line.trim().endsWith(':');
const CAUGHT = BigInt(PROGRAM.slice(0, PROGRAM.indexOf('caught:')).split('\n').filter(isInstruction).length * 4);

const words = (values: readonly bigint[]): Uint8Array => new Uint8Array(BigUint64Array.from(values).buffer);

/** Pages that page tables and code are put into. */
export class Pages {
  /** What lies in each, by address, and what it is, for people. */
  readonly taken = new Map<bigint, { readonly bytes: Uint8Array; readonly what: string }>();

  /** Address of the first of `count` new pages in a row, all zero. */
  take(what: string, count = 1): bigint {
    if (this.taken.size + count > PAGES_MAX) throw new Error(`an image has room for ${PAGES_MAX} pages`);
    const first = PAGES + BigInt(this.taken.size) * PAGE;
    for (let page = 0; page < count; page++)
      this.taken.set(first + BigInt(page) * PAGE, { bytes: new Uint8Array(Number(PAGE)), what });
    return first;
  }

  /** The 8 bytes at `address`; undefined outside. */
  read(address: bigint): bigint | undefined {
    return this.#view(address)?.getBigUint64(0, true);
  }

  write(address: bigint, value: bigint): void {
    this.#view(address)!.setBigUint64(0, value, true);
  }

  #view(address: bigint): DataView | undefined {
    const page = this.taken.get((address / PAGE) * PAGE);
    return page && new DataView(page.bytes.buffer, Number(address % PAGE));
  }

  put(address: bigint, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) {
      const at = address + BigInt(done);
      const part = bytes.subarray(done, done + Number(PAGE - (at % PAGE)));
      this.taken.get((at / PAGE) * PAGE)!.bytes.set(part, Number(at % PAGE));
      done += part.length;
    }
  }
}

/**
 * The image of these episodes, of CASES_MAX cases at the most.
 * @param fill the words that frames are made of; none of their halfwords should be an instruction
 */
export function imageOf(episodes: readonly Episode[], pages: Pages, fill: () => bigint): Uint8Array {
  const image = new Uint8Array(IMAGE_BYTES);
  const put = (address: bigint, bytes: Uint8Array): void => image.set(bytes, Number(address - RAM_START));
  put(RAM_START, assemble(PROGRAM));
  // Either mode's handler serves as a table of vectors too.
  const jump = `jal zero, 0x${(RAM_START + CAUGHT).toString(16)}`;
  put(MACHINE_HANDLER, assemble(Array(64).fill(jump).join('\n'), MACHINE_HANDLER));
  put(SUPERVISOR_HANDLER, assemble(SUPERVISOR_PROGRAM));
  put(FRAMES, words(Array.from({ length: (FRAME_COUNT * Number(PAGE)) / 8 }, fill)));
  for (const [address, { bytes }] of pages.taken) put(address, bytes);

  let record = RECORDS;
  for (const { csrs, cases } of episodes)
    for (const [index, { csrs: own, registers }] of cases.entries()) {
      const values: Readonly<Record<string, bigint>> = { ...csrs, ...own, ...registers };
      put(record, words(INPUTS.map((name) => values[name]!)));
      put(record + BigInt(KIND_OFFSET), words([index === 0 ? KIND.begins : KIND.goesOn]));
      record += RECORD_BYTES;
    }
  return image;
}

/** Where `mtvec` is to point, for machine mode to take up with the next case. */
export const MACHINE_VECTOR = MACHINE_HANDLER;

/** What the program has written down of case `index`, by the names of CSRs and registers. */
export function outputOf(image: Uint8Array, index: number): ReadonlyMap<string, bigint> {
  const start = Number(RECORDS - RAM_START) + index * Number(RECORD_BYTES);
  const view = new DataView(image.buffer, image.byteOffset);
  return new Map(OUTPUTS.map((name, row) => [name, view.getBigUint64(start + output(row), true)]));
}

/** Address of the first byte of the cases' memory that differs; undefined where none does. */
export function differingByte(expected: Uint8Array, found: Uint8Array): bigint | undefined {
  const [theirs, ours] = [expected, found].map((image) => Buffer.from(image.buffer, image.byteOffset, image.length));
  if (theirs!.compare(ours!, COMPARED_FROM, undefined, COMPARED_FROM) === 0) return undefined;
  return RAM_START + BigInt(theirs!.findIndex((byte, index) => index >= COMPARED_FROM && byte !== ours![index]));
}
