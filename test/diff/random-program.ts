/**
 * Makes random programs out of the instruction table: whatever is in the table appears in them, sorted by what it means.
 *
 * A program is a sequence of units; control enters a unit only at its start. Jumps and branches go forward over whole
 * units, loops count down a register that nothing else writes, calls return by one. Sequences are made from their end,
 * so that every distance is known when it is needed. Encodings are drawn at random and kept if they serve.
 */
import type { AccessBytes } from '../../core/ir/ops.ts';
import { isAccess } from '../../core/ir/ops.ts';
import { csrNumber } from '../../core/riscv/csr/numbers.ts';
import type { Decoded } from '../../core/riscv/decode.ts';
import { isFloatRegister } from '../../core/riscv/encoding.ts';
import type { OperandValues } from '../../core/riscv/instruction.ts';
import { randomFloatRegister } from '../support/floats.ts';
import { decodeAs, encodeForm, FORMS, type Form, meaningOf, randomBits, tryEncode } from '../support/forms.ts';
import { baseAddressOf, CODE_BYTES_MAX, type Program, SCRATCH_BYTES, SCRATCH_REACH } from '../support/isa-driver.ts';
import { Random } from '../support/random.ts';

type Role =
  | ('plain' | 'csr' | 'branch' | 'jump' | 'indirect')
  | ('load' | 'store' | 'amo' | 'loadReserved' | 'storeConditional' | 'zero' | 'touch');

/** Doors that are no traps and read no state that engines may differ in. */
const HARMLESS_DOORS: readonly (string | undefined)[] = ['fence.i'];
const CSR_DOORS: readonly (string | undefined)[] = ['csrrw', 'csrrs', 'csrrc', 'csrrwi', 'csrrsi', 'csrrci'];

/** Undefined: programs cannot use it. */
function roleOf({ instruction }: Form): Role | undefined {
  const meaning = meaningOf(instruction);
  const exit = meaning.find(({ name }) => name === 'exit');
  if (exit && CSR_DOORS.includes(exit.door)) return 'csr';
  if (exit) return HARMLESS_DOORS.includes(exit.door) ? 'plain' : undefined;
  if (meaning.some(({ name }) => name === 'jump')) return 'rs1' in instruction.fields ? 'indirect' : 'jump';
  const name = meaning.find((op) => isAccess(op) || op.name === 'branch')?.name;
  return (name as Role | undefined) ?? 'plain';
}

const bytesOf = ({ instruction }: Form): AccessBytes => meaningOf(instruction).find(isAccess)!.bytes!;

/** A form that accesses memory. */
interface AccessForm extends Form {
  readonly bytes: AccessBytes;
}

const byRole = Map.groupBy(FORMS, roleOf);
const formsOf = (role: Role): readonly Form[] => byRole.get(role)!;
const accessesOf = (role: Role): readonly AccessForm[] =>
  formsOf(role).map((form) => ({ ...form, bytes: bytesOf(form) }));

/** Encodings that occur in programs. */
export const USABLE: readonly Form[] = FORMS.filter((form) => roleOf(form) !== undefined);

const isFloat = ({ instruction }: Form): boolean => Object.values(instruction.fields).some(isFloatRegister);
const PLAIN = formsOf('plain').filter((form) => !isFloat(form));
const FLOAT = formsOf('plain').filter(isFloat);
const CSR = formsOf('csr');
const BRANCHES = formsOf('branch');
const JUMPS = formsOf('jump');
const INDIRECT = formsOf('indirect');
const PLAIN_ACCESSES = (['load', 'store', 'zero', 'touch'] as const).flatMap(accessesOf);
const STORES = accessesOf('store');
const AMOS = accessesOf('amo');
const LOADS_RESERVED = accessesOf('loadReserved');
const STORES_CONDITIONAL = accessesOf('storeConditional');

const named = (name: string): Form => FORMS.find((form) => form.name === name)!;
const ADDI = named('addi');
const AUIPC = named('auipc');
const LUI = named('lui');
const JAL = named('jal');
const JALR = named('jalr');
const BNE = named('bne');
/** Ways to add to a register, and to branch while it is not zero. */
const COUNTING = [ADDI, named('c.addi')];
const LOOPING = [BNE, named('c.bnez')];
const RETURNING = [JALR, named('c.jr')];
const SKIPPING = [JAL, named('c.j')];

/** Values at which instructions change their ways. */
const INTERESTING: readonly bigint[] = [
  ...[0n, 1n, 2n, 3n, 7n, 8n, 31n, 32n, 33n, 63n, 64n, 0x7fn, 0x80n, 0xffn, 0x7fffn, 0x8000n, 0xffffn],
  ...[31n, 32n, 33n, 62n, 63n].flatMap((bit) => [(1n << bit) - 1n, 1n << bit, (1n << bit) + 1n, -(1n << bit)]),
  ...[-1n, -2n, -8n, -32n, -0x80n, -0x8000n, 0x5555_5555_5555_5555n, 0xaaaa_aaaa_aaaa_aaaan, 0x0123_4567_89ab_cdefn],
].map((value) => BigInt.asUintN(64, value));

type Instruction = Pick<Decoded, 'raw' | 'length'>;
type Unit = readonly Instruction[];

const sizeOf = (instructions: Unit): number => instructions.reduce((bytes, { length }) => bytes + length, 0);

/** The access that was drawn, at another address; undefined where its form cannot reach that. */
function accessAt(form: Form, { operands }: Decoded, rs1: number, imm: number): Instruction | undefined {
  const bits = tryEncode(form, 'imm' in operands ? { ...operands, rs1, imm } : { ...operands, rs1 });
  return bits === undefined ? undefined : { raw: bits, length: form.length };
}

const DEPTH_MAX = 2;
const fits12 = (value: number): boolean => value >= -2048 && value < 2048;

class Generator {
  readonly #random: Random;
  readonly #base: number;
  readonly #without: readonly string[];
  /** Registers that must keep their values for now. */
  readonly #reserved = new Set<number>();

  /** @param without names of instructions that must not occur */
  constructor(random: Random, base: number, without: readonly string[]) {
    this.#random = random;
    this.#without = without;
    this.#base = base;
    this.#reserved.add(base);
  }

  /** Between `unitsMin` and `unitsMax` units. */
  sequence(unitsMin: number, unitsMax: number, depth: number, bytesMax = CODE_BYTES_MAX): Unit {
    const units: Unit[] = [];
    const count = this.#random.between(unitsMin, unitsMax);
    let bytes = 0;
    while (units.length < count) {
      const ahead = units.slice(0, this.#random.below(9)).reduce((sum, unit) => sum + sizeOf(unit), 0);
      const unit = this.#unit(ahead, depth);
      bytes += sizeOf(unit);
      if (bytes > bytesMax) break;
      units.unshift(unit);
    }
    return units.flat();
  }

  /** A unit, and where it jumps forward, `ahead` bytes over what follows it. */
  #unit(ahead: number, depth: number): Unit {
    const kind = this.#random.below(100);
    if (kind < 27) return this.#plain();
    if (kind < 43) return this.#float();
    if (kind < 45) return this.#csr();
    if (kind < 68) return this.#access(PLAIN_ACCESSES, true);
    if (kind < 74) return this.#access(AMOS, false);
    if (kind < 78) return this.#reservation();
    if (kind < 87) return this.#jump(BRANCHES, ahead);
    if (kind < 90) return this.#jump(JUMPS, ahead);
    if (kind < 93) return this.#indirect(ahead);
    if (depth === DEPTH_MAX) return this.#plain();
    return kind < 97 ? this.#loop(depth) : this.#call(depth);
  }

  /** Draws from `draw` until there is something. */
  #until<T>(draw: () => T | undefined): T {
    for (let tries = 0; tries < 10_000; tries++) {
      const drawn = draw();
      if (drawn !== undefined) return drawn;
    }
    throw new Error('10000 draws, and none of them served');
  }

  /** Random bits of this form that write no reserved register. */
  #draw(form: Form): Decoded | undefined {
    if (this.#without.includes(form.name)) return undefined;
    const decoded = decodeAs(form, randomBits(form, this.#random));
    return decoded && this.#writable(decoded.operands) ? decoded : undefined;
  }

  #writable({ rd }: OperandValues): boolean {
    return rd === undefined || !this.#reserved.has(rd);
  }

  /** A register that may be written and keeps what is written. */
  #free(): number {
    return this.#until(() => {
      const register = this.#random.between(1, 31);
      return this.#reserved.has(register) ? undefined : register;
    });
  }

  #whileReserved<T>(register: number, make: () => T): T {
    this.#reserved.add(register);
    const made = make();
    this.#reserved.delete(register);
    return made;
  }

  /** The first of `forms`, in random order, that can say it. The first of all can. */
  #encode(forms: readonly Form[], operands: OperandValues): Instruction {
    const form = this.#random.pick(forms);
    const bits = tryEncode(form, operands);
    if (bits !== undefined) return { raw: bits, length: form.length };
    return { raw: encodeForm(forms[0]!, operands), length: forms[0]!.length };
  }

  #plain(): Unit {
    return [this.#until(() => this.#draw(this.#random.pick(PLAIN)))];
  }

  #float(): Unit {
    return [this.#until(() => this.#draw(this.#random.pick(FLOAT)))];
  }

  /** Reads or writes a part of `fcsr`, in such a way that its rounding mode stays one. */
  #csr(): Unit {
    return this.#until(() => {
      const form = this.#random.pick(CSR);
      const drawn = this.#draw(form);
      if (!drawn) return undefined;
      const imm = csrNumber(this.#random.pick(['fflags', 'frm', 'fcsr']))!;
      const mode = this.#random.below(5);
      const operands = { ...drawn.operands, imm };
      const serves =
        imm === csrNumber('fflags') ||
        (form.name === 'csrrwi' && imm === csrNumber('frm')) ||
        ['csrrc', 'csrrci'].includes(form.name) ||
        (drawn.operands.rs1 ?? drawn.operands.uimm) === 0;
      if (!serves) return undefined;
      return [this.#encode([form], form.name === 'csrrwi' ? { ...operands, uimm: mode } : operands)];
    });
  }

  /** Where in the program's memory an access takes place, from the base register. */
  #offset(bytes: number, misaligned: boolean): number {
    if (misaligned && this.#random.chance(10)) return -this.#random.below(bytes);
    const offset = this.#random.between(-SCRATCH_REACH, SCRATCH_REACH - bytes);
    return misaligned && this.#random.chance(40) ? offset : offset & -bytes;
  }

  #access(forms: readonly AccessForm[], misaligned: boolean): Unit {
    return this.#until(() => {
      const form = this.#random.pick(forms);
      const offset = this.#offset(form.bytes, misaligned);
      const drawn = this.#draw(form);
      if (!drawn) return undefined;
      const { rs1 = 0, imm = 0 } = drawn.operands;
      if (rs1 === this.#base || ('imm' in drawn.operands && this.#random.chance(50))) {
        const access = accessAt(form, drawn, this.#base, offset);
        return access && [access];
      }
      if (rs1 === 0 || this.#reserved.has(rs1) || !fits12(offset - imm)) return undefined;
      return [this.#encode([ADDI], { rd: rs1, rs1: this.#base, imm: offset - imm }), drawn];
    });
  }

  /** A load-reserved, something in between, and a store-conditional of the same size; or the latter alone. */
  #reservation(): Unit {
    const reserve = this.#random.pick(LOADS_RESERVED);
    const conditional = STORES_CONDITIONAL.filter(({ bytes }) => bytes === reserve.bytes);
    const pointer = this.#free();
    const offset = this.#random.between(-SCRATCH_REACH / 8, SCRATCH_REACH / 8 - 2) * 8;
    const point: Unit = [this.#encode([ADDI], { rd: pointer, rs1: this.#base, imm: offset })];
    const drawAt = (forms: readonly Form[]): Instruction =>
      this.#until(() => {
        const form = this.#random.pick(forms);
        const drawn = this.#draw(form);
        return drawn && accessAt(form, drawn, pointer, 0);
      });

    if (this.#random.chance(10)) return [...point, drawAt(conditional)];
    const between = this.#whileReserved(pointer, () => [
      drawAt([reserve]),
      ...Array.from({ length: this.#random.below(4) }, () => this.#plain()).flat(),
      ...(this.#random.chance(30) ? [drawAt(STORES.filter(({ bytes }) => bytes === reserve.bytes))] : []),
    ]);
    const elsewhere = this.#random.chance(15)
      ? [this.#encode(COUNTING, { rd: pointer, rs1: pointer, imm: reserve.bytes })]
      : [];
    return [...point, ...between, ...elsewhere, drawAt(conditional)];
  }

  /** A branch or direct jump; something plain where it does not reach. */
  #jump(forms: readonly Form[], ahead: number): Unit {
    const form = this.#random.pick(forms);
    const drawn = this.#until(() => this.#draw(form));
    const bits = tryEncode(form, { ...drawn.operands, imm: form.length + ahead });
    return bits === undefined ? this.#plain() : [{ raw: bits, length: form.length }];
  }

  #indirect(ahead: number): Unit {
    return this.#until(() => {
      const form = this.#random.pick(INDIRECT);
      const drawn = this.#draw(form);
      const { rs1 = 0, imm = 0 } = drawn?.operands ?? {};
      // The lowest bit of the sum is ignored.
      const distance = 8 + form.length + ahead + this.#random.below(2) - imm;
      if (!drawn || rs1 === 0 || this.#reserved.has(rs1)) return undefined;
      if (!fits12(distance)) return this.#random.chance(10) ? this.#plain() : undefined;
      return [this.#encode([AUIPC], { rd: rs1, imm: 0 }), this.#encode([ADDI], { rd: rs1, rs1, imm: distance }), drawn];
    });
  }

  #loop(depth: number): Unit {
    const counter = this.#free();
    const start = this.#encode([ADDI], { rd: counter, rs1: 0, imm: this.#random.between(1, 6) });
    return [start, ...this.#rounds(counter, 10, depth + 1)];
  }

  /** A sequence, again and again as `counter` says. */
  #rounds(counter: number, unitsMax: number, depth: number): Unit {
    const body = this.#whileReserved(counter, () => this.sequence(1, unitsMax, depth, 2000));
    const count = this.#encode(COUNTING, { rd: counter, rs1: counter, imm: -1 });
    const back = this.#encode(LOOPING, { rs1: counter, rs2: 0, imm: -sizeOf([...body, count]) });
    return [...body, count, back];
  }

  /**
   * A loop of many rounds.
   * @param rounds a multiple of 4096, less than 2^31
   */
  longLoop(rounds: number, unitsMax: number, depth: number): Unit {
    const counter = this.#free();
    return [this.#encode([LUI], { rd: counter, imm: rounds }), ...this.#rounds(counter, unitsMax, depth)];
  }

  #call(depth: number): Unit {
    const link = this.#free();
    const body = this.#whileReserved(link, () => this.sequence(1, 10, depth + 1, 2000));
    const back = this.#encode(RETURNING, { rd: 0, rs1: link, imm: 0 });
    const length = sizeOf([...body, back]);
    const skip = this.#random.pick(SKIPPING);
    const bits = tryEncode(skip, { rd: 0, imm: skip.length + length });
    const over =
      bits === undefined ? this.#encode([JAL], { rd: 0, imm: 4 + length }) : { raw: bits, length: skip.length };
    const call = this.#encode([JAL], { rd: link, imm: 4 + over.length });
    return [call, over, ...body, back];
  }
}

function randomValue(random: Random): bigint {
  const kind = random.below(14);
  if (kind < 6) return random.pick(INTERESTING);
  if (kind < 8) return random.double();
  if (kind < 12) return randomFloatRegister(random);
  return BigInt.asUintN(64, BigInt(random.word() | 0));
}

/** The code of `instructions`, one behind the other. */
export function emit(instructions: readonly Instruction[]): Uint8Array {
  const code = new Uint8Array(sizeOf(instructions));
  const view = new DataView(code.buffer);
  let at = 0;
  for (const { raw, length } of instructions) {
    if (length === 2) view.setUint16(at, raw, true);
    else view.setUint32(at, raw, true);
    at += length;
  }
  return code;
}

/** The program of this seed whose code `make` makes. @param without names of instructions that must not occur in it */
function programOf(seed: number, without: readonly string[], make: (generator: Generator) => Unit): Program {
  const random = new Random(seed);
  // Compressed loads and stores know only some registers.
  const base = random.chance(50) ? random.pick([2, 8, 9, 10, 11, 12, 13, 14, 15]) : random.between(1, 31);
  const registers = Array.from({ length: 64 }, (_, register) =>
    register < 32 ? randomValue(random) : randomFloatRegister(random),
  );
  const fcsr = BigInt((random.below(5) << 5) | random.below(32));
  registers[0] = 0n;
  registers[base] = baseAddressOf({ seed });
  const scratch = BigUint64Array.from({ length: SCRATCH_BYTES / 8 }, () => randomValue(random));
  const code = emit(make(new Generator(random, base, without)));
  return { seed, code, base, registers, fcsr, scratch: new Uint8Array(scratch.buffer) };
}

/**
 * The program of this seed: always the same as long as the instruction table is.
 * @param without names of instructions that must not occur in it
 */
export const randomProgram = (seed: number, without: readonly string[] = []): Program =>
  programOf(seed, without, (generator) => generator.sequence(60, 140, 0));

/** Entries after which a block is compiled, for a `randomLoop` to be in its midst. */
export const LOOP_COLDNESS = 4000;

/**
 * A program of one loop, long enough to be compiled while it runs.
 * @param rounds a multiple of 4096, less than 2^31
 * @param simple without loops and calls in it, for those to whom each instruction is dear
 */
export const randomLoop = (seed: number, rounds: number, simple = false): Program =>
  programOf(seed, [], (generator) => generator.longLoop(rounds, simple ? 5 : 20, simple ? DEPTH_MAX : 1));
