/** Random cases of privileged behaviour: rights, delegation, interrupts, CSRs, and some instructions to meet them. */
import { assemble } from '../../../core/riscv/assemble.ts';
import { MACHINE, MENVCFG, MSTATUS, SUPERVISOR, USER } from '../../../core/riscv/hart.ts';
import { PTE } from '../../../core/riscv/memory/page-table.ts';
import { entryOf } from '../../support/page-tables.ts';
import type { Random } from '../../support/random.ts';
import { AddressSpace, type Features, FORMATS, type Frames } from './address-space.ts';
import {
  type Case,
  type Episode,
  FRAME_COUNT,
  FRAMES,
  MACHINE_VECTOR,
  PAGE,
  type Pages,
  REGISTERS,
  SUPERVISOR_HANDLER,
} from './image.ts';

const { V, R, X, U, A, D } = PTE;
const MIDDLE_FRAMES = [17, FRAME_COUNT - 18] as const;
/** What a page of code is filled with. */
const CALLS = assemble(Array(2048).fill('ecall').join('\n'));
/** Pages that a pointer may move on by, over all rounds of a loop: it stays among the frames. */
const PAGES_MOVED_MAX = 15;
const TRAPS_MAX = 40;
const ROUNDS_MAX = 30;
const hex = (value: bigint): string => `0x${value.toString(16)}`;

/** Exceptions of which a case may delegate any; fetches only where supervisor mode's handler can be fetched. */
const DELEGABLE = 0xb1fen;
const FETCH_FAULTS = 0x1002n;

/** Two pages of data, which may be anywhere in each address space. */
interface Place {
  readonly frames: Frames;
  /** By address space. */
  readonly virtual: readonly bigint[];
}

/** What the cases of an episode share. */
interface Setting {
  readonly random: Random;
  readonly pages: Pages;
  /** None: addresses are physical. Of two, which have the same places, the second is for satp to switch to. */
  readonly spaces: readonly AddressSpace[];
  readonly places: readonly Place[];
  /** Where memory is protected, and whether that is a page table. */
  readonly region: bigint | undefined;
  readonly coversTables: boolean;
}

function status(random: Random): bigint {
  const flag = (bit: bigint, chance: number): bigint => (random.chance(chance) ? bit : 0n);
  return (
    flag(MSTATUS.SIE, 30) |
    flag(MSTATUS.SPIE, 50) |
    flag(MSTATUS.SPP, 50) |
    flag(MSTATUS.MPIE, 50) |
    flag(MSTATUS.SUM, 40) |
    flag(MSTATUS.MXR, 25) |
    flag(MSTATUS.TVM, 10) |
    flag(MSTATUS.TW, 20) |
    flag(MSTATUS.TSR, 10) |
    MSTATUS.UXL |
    MSTATUS.SXL
  );
}
const previously = (privilege: number): bigint => BigInt(privilege) << 11n;

/** Draws one case. */
class CaseWriter {
  readonly #setting: Setting;
  readonly #random: Random;
  readonly #privilege: number;
  /** The address space to begin with; undefined without any. */
  readonly #space: AddressSpace | undefined;
  readonly #pointers: readonly bigint[];
  readonly #handler: bigint;
  /** What a6 and a7 are to hold, once an instruction relies on it. */
  #constant: bigint | undefined;

  constructor(setting: Setting) {
    const { random, spaces, places } = setting;
    this.#setting = setting;
    this.#random = random;
    this.#privilege = random.pick([USER, USER, SUPERVISOR, SUPERVISOR, SUPERVISOR, MACHINE]);
    const index = spaces.length === 0 ? -1 : random.below(spaces.length);
    this.#space = spaces[index];
    this.#handler = this.#space?.handler ?? SUPERVISOR_HANDLER;
    this.#pointers = places.map((place, number) =>
      this.#addressIn(place.virtual[index] ?? place.frames[0], number > 1),
    );
  }

  /** An address in either of two pages that start at `start`, or, if it `mayStray`, elsewhere. */
  #addressIn(start: bigint, mayStray: boolean): bigint {
    const random = this.#random;
    // Where there is no memory, QEMU reports accesses that are not aligned by their aligned parts; where memory is
    // protected, by their first byte and not by the one at fault.
    const aligned = start + BigInt(random.below(1020) * 8);
    if (this.#setting.region !== undefined || (this.#privilege === MACHINE && this.#space)) return aligned;
    if (mayStray && random.chance(6)) {
      // Bit 34 leads to where QEMU has a window into PCI.
      const bit = random.pick([30, 31, 32, 33, ...Array.from({ length: 29 }, (_, index) => 35 + index)]);
      return aligned ^ (1n << BigInt(bit));
    }
    const kind = random.below(10);
    if (kind < 5) return aligned;
    const offset = kind < 8 ? 4096 - random.between(1, 9) : random.between(0, 8180);
    return BigInt.asUintN(64, start + BigInt(offset));
  }

  #register(): string {
    return this.#random.pick(['a4', 'a5', 'zero']);
  }

  #access(): readonly string[] {
    const random = this.#random;
    const [pointer, reserved] = [random.pick(['a0', 'a1', 'a2', 'a3']), random.pick(['a0', 'a1'])];
    const source = random.pick(['a4', 'a5', 'a6', 'a7', 'zero']);
    const width = random.pick(['w', 'd']);
    // QEMU takes an atomic access to where there is no memory for a load.
    const kind = random.below(this.#privilege === MACHINE && this.#space ? 17 : 20);
    if (kind < 9) {
      const load = random.pick(['lb', 'lh', 'lw', 'ld', 'lbu', 'lhu', 'lwu']);
      return [`${load} ${this.#register()}, 0(${pointer})`];
    }
    if (kind < 17) return [`${random.pick(['sb', 'sh', 'sw', 'sd'])} ${source}, 0(${pointer})`];
    const operation = random.pick(['amoadd', 'amoswap', 'amomaxu', 'amoand']);
    if (kind < 19) return [`${operation}.${width} ${this.#register()}, ${source}, (${reserved})`];
    return [`lr.${width} a4, (${reserved})`, `sc.${width} a5, ${source}, (${reserved})`];
  }

  /** A CSR, and what may be written to it; `free` where any of its bits may be set or cleared alone. */
  #csr(endAt: bigint): { readonly name: string; readonly value: bigint; readonly free: boolean } {
    const random = this.#random;
    const any = random.double();
    const vector = (base: bigint): bigint => base | BigInt(random.below(3));
    const satp = (): bigint =>
      random.chance(30) ? (any & 0xfffn) | (5n << 60n) : random.pick(this.#setting.spaces.map(({ satp }) => satp));
    const free: Readonly<Record<string, bigint>> = {
      sstatus: status(random) | (any & (1n << 63n)),
      sie: any,
      sip: any,
      sscratch: any,
      scause: any,
      stval: any,
      mie: any & 0xaaan,
      mip: any & 0xaaan,
      mideleg: any & 0x222n,
      mcounteren: any & 7n,
      scounteren: any & 7n,
      mscratch: any,
      mcause: any,
      mtval: any,
      // QEMU takes a register that is zero for no write.
      mhartid: any | 1n,
      // Not there.
      fcsr: any,
      '0x747': any,
    };
    const bound: Readonly<Record<string, () => bigint>> = {
      stvec: () => vector(this.#handler),
      sepc: () => endAt,
      mepc: () => endAt,
      medeleg: () => any & DELEGABLE & ~FETCH_FAULTS,
      mstatus: () => status(random) | previously(random.pick([USER, SUPERVISOR, MACHINE])) | (any & MSTATUS.MPRV),
      ...(this.#privilege === MACHINE ? { mtvec: () => vector(MACHINE_VECTOR) } : {}),
      ...(this.#space ? { satp } : {}),
    };
    const name = random.pick([...Object.keys(free), ...Object.keys(bound)]);
    return name in free ? { name, value: free[name]!, free: true } : { name, value: bound[name]!(), free: false };
  }

  #csrAccess(endAt: bigint): readonly string[] {
    const { name, value, free } = this.#csr(endAt);
    if (this.#random.chance(25)) return [`csrrs ${this.#register()}, ${name}, zero`];
    this.#constant = value;
    const operation = free ? this.#random.pick(['csrrw', 'csrrs', 'csrrc']) : 'csrrw';
    return [`${operation} ${this.#register()}, ${name}, a7`];
  }

  /** Back to another mode, and to `endAt`. QEMU leaves MPRV set where it must not. */
  #return(endAt: bigint): readonly string[] {
    const random = this.#random;
    if (this.#privilege !== MACHINE) return [random.pick(['sret', 'mret'])];
    const clear = ['lui a5, 32', 'csrrc zero, mstatus, a5'];
    this.#constant ??= endAt;
    if (this.#constant !== endAt || random.chance(50)) return [...clear, 'sret'];
    return [...clear, 'csrrw zero, mepc, a7', 'mret'];
  }

  #instruction(endAt: bigint): readonly string[] {
    const random = this.#random;
    const kind = random.below(100);
    if (kind < 62) return this.#access();
    if (kind < 84) return this.#constant === undefined ? this.#csrAccess(endAt) : this.#access();
    if (kind < 88) return [random.pick(['sfence.vma zero, zero', 'sfence.vma a0, zero', 'sfence.vma a1, a4'])];
    if (kind < 90) {
      // Where Svinval is illegal, QEMU does not notice, or does not say which instruction it was.
      const svinval = ['sinval.vma a1, a4', 'sfence.w.inval', 'sfence.inval.ir'];
      return [random.pick(this.#privilege === MACHINE ? svinval : ['fence.i'])];
    }
    if (kind < 93) return this.#return(endAt);
    if (kind < 95) return [random.pick(['ecall', 'ebreak', '.word 0', '.word 0x30000073'])];
    // Where it would wait, there is no telling what comes of it.
    if (kind < 97) return this.#privilege === USER ? ['wfi'] : ['csrrs a4, sstatus, zero'];
    return [random.pick(['csrrsi zero, sstatus, 2', 'csrrci zero, sstatus, 2', 'csrrwi a5, sscratch, 9'])];
  }

  /** Lets machine mode access a1 by the rights in a6, change where it leads, fence that, and access it again. */
  #remapping(): { readonly lines: readonly string[]; readonly entry: bigint; readonly at: bigint } | undefined {
    const random = this.#random;
    const leaf = this.#space?.leafOf((this.#pointers[1]! / PAGE) * PAGE);
    if (!leaf || !this.#space || !random.chance(50)) return undefined;
    const frame = FRAMES + BigInt(random.between(...MIDDLE_FRAMES)) * PAGE;
    const entry = entryOf(frame, this.#space.leafFlags(random.chance(50)));
    const fence = random.pick(['sfence.vma a1, zero', 'sfence.vma zero, zero', 'sinval.vma a1, zero']);
    const before = ['csrrw zero, mstatus, a6', 'lb a5, 0(a1)', 'lui a5, 32', 'csrrc zero, mstatus, a5'];
    const after = ['csrrs zero, mstatus, a5', random.pick(['lw a4, 0(a1)', 'sw a4, 0(a1)'])];
    return { lines: [...before, 'sd a7, 0(a3)', fence, ...after], entry, at: leaf.at };
  }

  /**
   * Does `body` again and again, each time further on in memory. Like all cases it uses no registers but its own: t2
   * counts the rounds.
   */
  #loop(body: readonly string[]): readonly string[] {
    const random = this.#random;
    const move = (): string => {
      const pointer = random.pick(['a0', 'a1', 'a2', 'a3']);
      const bytesMax = Math.min(2040, (PAGES_MOVED_MAX * Number(PAGE)) / ROUNDS_MAX);
      return `addi ${pointer}, ${pointer}, ${Math.trunc(random.between(-bytesMax, bytesMax) / 8) * 8}`;
    };
    const moves = Array.from({ length: random.below(3) }, move);
    const again = ['addi t2, t2, -1', 'bne t2, zero, again'];
    return [`addi t2, zero, ${random.between(2, ROUNDS_MAX)}`, 'again:', ...body, ...moves, ...again];
  }

  write(): Case {
    const random = this.#random;
    const { pages, coversTables } = this.#setting;
    const isUser = this.#privilege === USER;
    const code = pages.take('code', 2);
    const flags = random.chance(85) ? V | R | X | A | D | (isUser ? U : 0) : undefined;
    const virtual = this.#space?.place([code, code + PAGE], isUser, flags) ?? code;
    const start = this.#privilege === MACHINE ? code : virtual;
    // Now and then the code runs on into the next page, in the middle of an instruction too.
    const offset = random.chance(25) ? 4096 - 2 * random.between(1, 8) : 4 * random.below(900);
    const codeAt = start + BigInt(offset);
    const endAt = start + (offset < 2048 ? 3072n : 1024n);

    const lines: string[] = [];
    const remapping = this.#privilege === MACHINE ? this.#remapping() : undefined;
    if (remapping) lines.push(...remapping.lines);
    else if (this.#privilege === MACHINE && random.chance(70)) lines.push('csrrw zero, mstatus, a6');
    const count = lines.length + random.between(0, 4);
    if (remapping) this.#constant = remapping.entry;
    while (lines.length < count) lines.push(...this.#instruction(endAt));
    if (!remapping && random.chance(60)) lines.splice(0, Infinity, ...this.#loop(lines));
    lines.push('ecall');
    pages.put(code, CALLS);
    pages.put(code + BigInt(offset), assemble(lines.join('\n'), codeAt));

    // QEMU lets a store-conditional fail where nothing is reserved, before it finds out whether it may store.
    const mayGoOn = !lines.some((line) => line.startsWith('lr'));
    const trapsMax = mayGoOn && random.chance(70) ? random.between(1, TRAPS_MAX) : 0;
    const any = (): bigint => random.double();
    const [a0, a1, a2, a3] = this.#pointers as [bigint, bigint, bigint, bigint];
    const values = Object.fromEntries(
      REGISTERS.map((name) => [name, random.chance(30) ? BigInt(random.below(4)) : any()]),
    ) as Case['registers'];
    const rights = status(random) | MSTATUS.MPRV | previously(random.pick([USER, SUPERVISOR, SUPERVISOR, MACHINE]));
    return {
      csrs: {
        medeleg: any() & DELEGABLE & (coversTables ? ~FETCH_FAULTS : ~0n),
        mideleg: any() & 0x222n,
        mcounteren: any() & 7n,
        scounteren: any() & 7n,
        satp: this.#space?.satp ?? 0n,
        mtvec: MACHINE_VECTOR | BigInt(random.below(2)),
        stvec: this.#handler | BigInt(random.below(2)),
        sepc: endAt,
        scause: any(),
        stval: any(),
        sscratch: any(),
        mscratch: any(),
        mip: random.chance(25) ? any() & 0x222n : 0n,
        mie: random.chance(50) ? any() & 0xaaan : 0n,
        mepc: codeAt,
        mstatus: status(random) | previously(this.#privilege),
      },
      registers: {
        ...values,
        a0,
        a1,
        a2,
        a3: remapping?.at ?? a3,
        a6: rights,
        a7: this.#constant ?? values.a7,
        t6: BigInt(trapsMax),
        s2: 0n,
      },
      story: [
        `mode ${this.#privilege}, satp mode ${this.#space?.format.mode ?? 0n}, code at ${hex(codeAt)}`,
        ...lines.map((line) => `  ${line}`),
      ],
    };
  }
}

/** An episode of `count` cases. */
export function randomEpisode(random: Random, pages: Pages, features: Features, count: number): Episode {
  const frame = (): bigint => FRAMES + BigInt(random.between(...MIDDLE_FRAMES)) * PAGE;
  const format = random.pick(FORMATS);
  const spaceCount = random.pick([0, 1, 1, 1, 2, 2]);
  // What is global must be the same in both.
  const globals = spaceCount === 2 ? 0 : 25;
  const spaces = Array.from(
    { length: spaceCount },
    (_, index) => new AddressSpace(random, pages, features, format, BigInt(index + 1), globals),
  );
  const places = Array.from({ length: 4 }, (): Place => {
    const isUsers = random.chance(50);
    const frames: Frames = [frame(), frame()];
    const [first, second] = spaces;
    const virtual = first?.place(frames, isUsers);
    // The same address leads elsewhere in the other space, and with other rights.
    if (virtual !== undefined) second?.placeAt(virtual, [frame(), frame()], random.chance(50));
    return { frames, virtual: virtual === undefined ? [] : spaces.map(() => virtual) };
  });
  const coversTables = spaces.length > 0 && random.chance(8);
  const region = coversTables ? spaces[0]!.root : random.chance(30) ? frame() : undefined;
  // QEMU sets A and D in tables that may only be read.
  const rights = random.pick(coversTables ? [0n, 3n, 4n, 7n] : [0n, 1n, 3n, 4n, 5n, 7n]);
  const setting: Setting = { random, pages, spaces, places, region, coversTables };
  return {
    csrs: {
      pmpaddr0: region === undefined ? 0n : (region >> 2n) | 0x1ffn,
      pmpaddr1: (1n << 54n) - 1n,
      pmpcfg0: 0x1f00n | (region === undefined ? 0n : 0x18n | rights),
      menvcfg: MENVCFG.ADUE | (features.extended ? MENVCFG.PBMTE : 0n),
    },
    cases: Array.from({ length: count }, () => new CaseWriter(setting).write()),
  };
}
