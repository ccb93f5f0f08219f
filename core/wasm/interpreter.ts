/**
 * The interpreter: one WebAssembly function, generated at start from the fragments it is given, with one handler a
 * fragment. It walks the records of a block (see `record`), dispatching on each; at the end of a block it goes straight
 * to the next one if the link or the jump cache knows it.
 *
 * Registers are in memory and records hold their addresses, so that between any two records the guest's state is exact.
 * The module's code is the same for every vCPU and every mode of it: where its state is comes from an imported global,
 * which TLB and which jump cache to use from its caller.
 */
import { type Fragment, isField, OPS, type Op, type Operand } from '../ir/ops.ts';
import { perform, type TlbLayout, translate } from './access.ts';
import { append } from './append.ts';
import { EXITS, type Exit, SLOW, type StateLayout } from './contract.ts';
import { Code, encodeModule, type Label } from './encode.ts';
import { lower, type Place } from './lower.ts';
import type { ValueType } from './opcodes.ts';
import { HEADER_BYTES, LINK, NO_LINK, RECORD, RECORD_BYTES, REGION, TARGETS } from './record.ts';

/** A part of the record: its offset, and its bytes. Registers and counters are addresses, of 4 bytes. */
export interface RecordField {
  readonly offset: number;
  readonly bytes: 1 | 4 | 8;
}

const LOAD_FIELD = { 1: 'i64_load8_u', 4: 'i64_load32_u', 8: 'i64_load' } as const;

export interface InterpreterOptions {
  /** What each handler does. Handlers are numbered in this order, behind the pseudo handlers. */
  readonly handlers: readonly {
    readonly fragment: Fragment;
    /** The handler leaves address, kind and value of its access in memory, for the probes behind it. */
    readonly traced: boolean;
  }[];
  /** Where in the record an open operand's value is found, by the operand's name. */
  readonly fields: Readonly<Record<string, RecordField>>;
  readonly state: StateLayout;
  readonly tlb: TlbLayout;
  readonly pageShift: number;
  /** A power of two. */
  readonly jumpCacheEntries: number;
  /** See `hasFusedMultiplyAdd`. */
  readonly fusedMultiplyAdd: boolean;
  /** Pages of the imported memory. */
  readonly memoryPages: number;
}

export interface Interpreter {
  readonly bytes: Uint8Array;
  /** The access that `slow` is asked to perform, and the op of `float`, by the number that it is given. */
  readonly accesses: readonly Op[];
  readonly floats: readonly Op[];
}

const IMPORT = { slow: 0, call: 1, float: 2 } as const;
const TYPE = { slow: 0, call: 1, run: 2, region: 3 } as const;
const GLOBAL = { state: 0 } as const;
/** Parameters of `run`. */
const RECORD_LOCAL = 0;
const BUDGET_LOCAL = 1;
const TLB_LOCAL = 2;
const JUMP_CACHE_LOCAL = 3;
const PARAMETERS = 4;

/** Spreads the low bits of a number over its high ones. */
const SCRAMBLE = 0x9e37_79b1 | 0;

/** Locals for values: reused by each handler, so that the function has few. */
class Locals {
  readonly #code: Code;
  readonly #all: Record<ValueType, number[]> = { i32: [], i64: [], f32: [], f64: [] };
  readonly #used: Record<ValueType, number> = { i32: 0, i64: 0, f32: 0, f64: 0 };

  constructor(code: Code) {
    this.#code = code;
  }
  take(type: ValueType): number {
    const index = this.#used[type]++;
    this.#all[type][index] ??= this.#code.local(type);
    return this.#all[type][index]!;
  }
  release(): void {
    for (const type of ['i32', 'i64', 'f32', 'f64'] as const) this.#used[type] = 0;
  }
}

export function createInterpreter(options: InterpreterOptions): Interpreter {
  const { fields, state, tlb, pageShift, handlers } = options;
  const accesses: Op[] = [];
  const floats: Op[] = [];
  const code = new Code(PARAMETERS);
  const link = code.local('i32');
  const target = code.local('i64');
  const nextRecord = code.local('i32');
  /** Instructions that the block on its way out has retired. */
  const retired = code.local('i32');
  const locals = new Locals(code);

  const exit = (name: Exit): void => void code.i32(EXITS.indexOf(name)).op('return');
  const leave = code.block('i32');
  /** Leaves in the middle of a block: the instruction at the record is the one at pc, and has not retired. */
  const leaveAtRecord = (name: Exit): void => void code.i32(EXITS.indexOf(name)).br(leave);
  const leaveWithLink = (name: Exit): void => {
    code.global(GLOBAL.state).get(link).memory('i32_store', state.exitLink);
    exit(name);
  };

  const dispatch = code.loop();
  const enter = code.block();
  const indirect = code.block();
  const direct = code.block();
  const advance = code.block();

  const place = (traced: boolean): Place => {
    const field = (operand: Operand<unknown>): RecordField => {
      if (!isField(operand)) throw new Error('a handler is given its operands by its record');
      const found = fields[operand.field];
      if (found === undefined) throw new Error(`records have no field ${operand.field}`);
      return found;
    };
    const record32 = ({ offset }: RecordField): Code => code.get(RECORD_LOCAL).memory('i32_load', offset);
    const pc = (): Code => code.get(RECORD_LOCAL).memory('i64_load', RECORD.pc);
    const next = (): Code =>
      pc().get(RECORD_LOCAL).memory('i32_load8_u', RECORD.length).op('i64_extend_i32_u', 'i64_add');
    /** Pushes an address from which the register is the result away. */
    const registerBase = (register: Operand<number>): number => {
      if (isField(register)) {
        record32(field(register));
        return 0;
      }
      code.global(GLOBAL.state);
      return state.registers + register * 8;
    };
    const retire = (): void =>
      void code.get(RECORD_LOCAL).memory('i32_load8_u', RECORD.index).i32(1).op('i32_add').set(retired);
    const goDirect = (slot: number): void => {
      retire();
      code
        .get(RECORD_LOCAL)
        .i32(RECORD_BYTES + slot)
        .op('i32_add')
        .set(link)
        .br(direct);
    };
    const call = (callback: Operand<number>): void => {
      code.global(GLOBAL.state).get(RECORD_LOCAL).memory('i32_store', state.callbackRecord);
      record32(field(callback)).call(IMPORT.call);
    };
    return {
      code,
      local: (type) => locals.take(type),
      constant: (value) => {
        if (!isField(value)) return void code.i64(value);
        const { offset, bytes } = field(value);
        code.get(RECORD_LOCAL).memory(LOAD_FIELD[bytes], offset);
      },
      pc: () => void pc(),
      next: () => void next(),
      get: (register) => {
        const offset = registerBase(register);
        code.memory('i64_load', offset);
      },
      set: (register, value) => {
        const offset = registerBase(register);
        value();
        code.memory('i64_store', offset);
      },
      access: (op, [address = -1, operand = -1], result) => {
        const number = accesses.push(op) - 1;
        const answer = locals.take('i32');
        const accessPlace = {
          code,
          tlb,
          pageShift,
          local: (type: ValueType) => locals.take(type),
          tlbBase: () => void code.get(TLB_LOCAL),
          reservedAddress: () => {
            code.global(GLOBAL.state);
            return state.reservedAddress;
          },
          reservedValue: () => {
            code.global(GLOBAL.state);
            return state.reservedValue;
          },
        };
        const done = code.block();
        const slow = code.block();
        const host = translate(accessPlace, op, address, slow);
        perform(accessPlace, op, host, address, operand, result, (kind, value) => {
          if (!traced) return;
          code.global(GLOBAL.state).get(address).memory('i64_store', state.accessAddress);
          code.global(GLOBAL.state);
          kind();
          code.memory('i64_store', state.accessKind).global(GLOBAL.state);
          value();
          code.memory('i64_store', state.accessValue);
        });
        code.br(done).end();
        code.global(GLOBAL.state).get(address).memory('i64_store', state.accessAddress);
        if (operand >= 0) code.global(GLOBAL.state).get(operand).memory('i64_store', state.accessValue);
        code.get(RECORD_LOCAL).i32(number).call(IMPORT.slow).tee(answer).if();
        code.get(answer).i32(SLOW.retry).op('i32_eq').brIf(dispatch);
        leaveAtRecord('trap');
        code.end();
        if (result >= 0) code.global(GLOBAL.state).memory('i64_load', state.accessResult).set(result);
        code.end();
      },
      fusedMultiplyAdd: options.fusedMultiplyAdd,
      flags: () => void code.global(GLOBAL.state).memory('i64_load', state.flags),
      raise: (flags) => {
        code.global(GLOBAL.state).global(GLOBAL.state).memory('i64_load', state.flags);
        code.i64(BigInt(flags)).op('i64_or').memory('i64_store', state.flags);
      },
      slowFloat: (op, args, result) => {
        for (const [index, arg] of args.entries())
          code
            .global(GLOBAL.state)
            .get(arg)
            .memory('i64_store', state.floatOperands + index * 8);
        code.i32(floats.push(op) - 1).call(IMPORT.float);
        code.global(GLOBAL.state).memory('i64_load', state.floatResult);
        if (OPS[op.name].result === 'bool') code.op('i32_wrap_i64');
        code.set(result);
      },
      fence: () => void code.op('atomic_fence'),
      lastAccess: (name) => void code.global(GLOBAL.state).memory('i64_load', state[name]),
      counter: (counter) => void record32(field(counter)).memory('i64_load'),
      count: (counter, amount) => {
        record32(field(counter));
        record32(field(counter)).memory('i64_load').get(amount).op('i64_add').memory('i64_store');
      },
      call,
      record: (log, tag, access, callback) => {
        const last = (name: 'accessKind' | 'accessAddress' | 'accessValue') => () =>
          void code.global(GLOBAL.state).memory('i64_load', state[name]);
        append({
          code,
          cursor: locals.take('i32'),
          head: () => {
            record32(field(log));
            return 0;
          },
          tag: () => void record32(field(tag)),
          ...(access && {
            access: { kind: last('accessKind'), address: last('accessAddress'), value: last('accessValue') },
          }),
          full: () => call(callback),
        });
      },
      guard: (condition) => {
        condition();
        code.op('i32_eqz').if();
        leaveAtRecord('illegal');
        code.end();
      },
      jump: (address, isDirect) => {
        address();
        code.set(target);
        if (isDirect) {
          goDirect(LINK.taken);
          return;
        }
        retire();
        // Which of the last jumps the sample holds is left to chance: the budget counts blocks.
        code
          .get(BUDGET_LOCAL)
          .i32(SCRAMBLE)
          .op('i32_mul')
          .i32(32 - Math.log2(TARGETS))
          .op('i32_shr_u');
        code.i32(2).op('i32_shl').get(RECORD_LOCAL).op('i32_add');
        code
          .get(target)
          .op('i32_wrap_i64')
          .memory('i32_store', 2 * RECORD_BYTES);
        code.br(indirect);
      },
      branch: (condition, address) => {
        condition();
        code.if();
        address();
        code.set(target);
        goDirect(LINK.taken);
        code.end();
        next().set(target);
        goDirect(LINK.next);
      },
      exit: () => leaveAtRecord('door'),
    };
  };

  const bodies: ((label: Label) => void)[] = [
    () => {
      code.get(RECORD_LOCAL).memory('i64_load', RECORD.immediate).set(target);
      code.get(RECORD_LOCAL).memory('i32_load8_u', RECORD.index).i32(1).op('i32_add').set(retired);
      code
        .get(RECORD_LOCAL)
        .i32(RECORD_BYTES + LINK.taken)
        .op('i32_add')
        .set(link)
        .br(direct);
    },
    () => {
      const field = (offset: number): Code => code.get(RECORD_LOCAL).memory('i32_load', offset);
      field(REGION.key);
      code.global(GLOBAL.state).memory('i32_load', state.regionKey).op('i32_ne').if();
      leaveWithLink('revisit');
      code.end();
      field(REGION.slots);
      field(REGION.budget);
      code.get(TLB_LOCAL);
      field(REGION.table).callIndirect(TYPE.region).set(link);
      code.global(GLOBAL.state).memory('i64_load', state.pc).set(target);
      code.get(link).i32(0).op('i32_lt_s').if();
      code.i32(0).get(link).op('i32_sub').set(RECORD_LOCAL).br(dispatch).end();
      code.i32(0).set(retired).get(link).brIf(direct).br(indirect);
    },
    ...handlers.map(({ fragment, traced }) => () => {
      lower(fragment, place(traced));
      code.br(advance);
      locals.release();
    }),
  ];

  const labels = bodies.map(() => code.block()).reverse();
  code.get(RECORD_LOCAL).memory('i32_load16_u', RECORD.handler).brTable(labels);
  for (const [index, body] of bodies.entries()) {
    code.end();
    body(labels[index]!);
  }
  code.end(); // advance
  code.get(RECORD_LOCAL).i32(RECORD_BYTES).op('i32_add').set(RECORD_LOCAL).br(dispatch);

  code.end(); // direct
  code.get(link).memory('i32_load').tee(nextRecord).i32(NO_LINK.lookUp).op('i32_ne').brIf(enter);

  code.end(); // indirect
  const entry = locals.take('i32');
  code.i32(0).set(link).i32(0).set(nextRecord);
  // An entry is { pc, record }, 16 bytes; instructions are at least 2 bytes apart.
  code
    .get(target)
    .op('i32_wrap_i64')
    .i32(options.jumpCacheEntries * 2 - 2)
    .op('i32_and');
  code.i32(8).op('i32_mul').get(JUMP_CACHE_LOCAL).op('i32_add').tee(entry);
  code.memory('i64_load').get(target).op('i64_eq').if();
  code.get(entry).memory('i32_load', 8).set(nextRecord);
  code.end();

  code.end(); // enter
  code.global(GLOBAL.state).get(target).memory('i64_store', state.pc);
  code.global(GLOBAL.state).global(GLOBAL.state).memory('i64_load', state.retired);
  code.get(retired).op('i64_extend_i32_u', 'i64_add').memory('i64_store', state.retired);
  code.get(nextRecord).op('i32_eqz').if();
  leaveWithLink('need-block');
  code.end();
  code.global(GLOBAL.state).memory('i32_atomic_load', state.attention).if();
  exit('attention');
  code.end();
  code.get(BUDGET_LOCAL).i32(1).op('i32_sub').tee(BUDGET_LOCAL).i32(0).op('i32_lt_s').if();
  exit('budget');
  code.end();
  const coldness = locals.take('i32');
  code.get(nextRecord).i32(HEADER_BYTES).op('i32_sub').tee(entry).memory('i32_load').tee(coldness);
  code.i32(0).op('i32_ge_s').if();
  code.get(coldness).op('i32_eqz').if();
  leaveWithLink('revisit');
  code.end();
  code.get(entry).get(coldness).i32(1).op('i32_sub').memory('i32_store').end();
  code.get(nextRecord).set(RECORD_LOCAL).br(dispatch);
  code.end(); // dispatch
  code.op('unreachable');
  code.end().set(nextRecord); // leave, with the exit
  code.global(GLOBAL.state).get(RECORD_LOCAL).memory('i32_store', state.exitRecord);
  code.global(GLOBAL.state).get(RECORD_LOCAL).memory('i64_load', RECORD.pc).memory('i64_store', state.pc);
  code.global(GLOBAL.state).global(GLOBAL.state).memory('i64_load', state.retired);
  code.get(RECORD_LOCAL).memory('i32_load8_u', RECORD.index).op('i64_extend_i32_u', 'i64_add');
  code.memory('i64_store', state.retired).get(nextRecord);

  const bytes = encodeModule({
    types: [
      { parameters: ['i32', 'i32'], results: ['i32'] },
      { parameters: ['i32'], results: [] },
      { parameters: Array<ValueType>(PARAMETERS).fill('i32'), results: ['i32'] },
      { parameters: ['i32', 'i32', 'i32'], results: ['i32'] },
    ],
    memoryPages: options.memoryPages,
    importedFunctions: [
      { name: 'slow', type: TYPE.slow },
      { name: 'call', type: TYPE.call },
      { name: 'float', type: TYPE.call },
    ],
    importedTable: 'regions',
    importedGlobals: ['state'],
    functions: [{ name: 'run', type: TYPE.run, body: code.finish() }],
  });
  return { bytes, accesses, floats };
}
