/**
 * A region of guest code as one WebAssembly function: guest registers in locals, structured control flow, memory accesses
 * checked inline, and everything that they do not cover left to the interpreter, in front of the very instruction.
 */
import { narrow } from '../../ir/narrow.ts';
import { isField, OPS, type Op, type Operand } from '../../ir/ops.ts';
import { type AccessPlace, type DirectMemory, locate, perform, type TlbLayout, translate } from '../access.ts';
import { append } from '../append.ts';
import type { StateLayout } from '../contract.ts';
import { Code, encodeModule, type Label } from '../encode.ts';
import { lower, type Place } from '../lower.ts';
import type { ValueType } from '../opcodes.ts';
import { type Edge, flowOf, type RegionBlocks, type RegionStep } from './graph.ts';
import { has, narrowAfter, type RegisterSet, registersOf, registerUse } from './registers.ts';
import { emitStructure } from './structure.ts';
import { type Slot, WaysOut } from './ways-out.ts';

export interface RegionOptions {
  readonly state: StateLayout;
  readonly tlb: TlbLayout;
  readonly pageShift: number;
  readonly memoryPages: number;
  /** From the base of the vCPU's state to its counters. */
  readonly counters: number;
  /** Whether `f64x2.relaxed_madd` rounds once. */
  readonly fusedMultiplyAdd: boolean;
  /** The number by which `float` knows the op. */
  floatNumber(op: Op): number;
  /** Present where the region runs only while guest addresses are physical ones. */
  readonly direct?: DirectMemory | undefined;
}

export interface CompiledRegion {
  /** A module with the function `region`; see `RegionFunction`. */
  readonly bytes: Uint8Array;
  readonly slots: readonly Slot[];
}

const TYPES: readonly ValueType[] = ['i32', 'i64', 'f32', 'f64'];
const SLOTS = 0;
const LEFT = 1;
const TLB = 2;
const GLOBAL = { state: 0 } as const;
const TYPE = { region: 0, call: 1 } as const;
const IMPORT = { call: 0, float: 1 } as const;

const given = <T>(operand: Operand<T> | undefined): T => {
  if (operand === undefined || isField(operand)) throw new Error('a region has every operand given');
  return operand;
};

export function compileRegion(given_: RegionBlocks, options: RegionOptions): CompiledRegion {
  const { state, tlb, pageShift, direct } = options;
  const flow = flowOf(given_);
  const { blocks } = flow;
  const use = registerUse(flow);

  const code = new Code(3);
  const start = code.local('i32');
  const result = code.local('i32');
  const pcLocal = code.local('i64');
  const selected = code.local('i32');
  /** Locals of registers: 64 bits, or the low half while they are narrow. */
  const wide = new Map(registersOf(use.named).map((register) => [register, code.local('i64')]));
  const low = new Map<number, number>();
  const lowOf = (register: number): number => {
    let local = low.get(register);
    if (local === undefined) {
      local = code.local('i32');
      low.set(register, local);
    }
    return local;
  };
  const narrowOut: RegisterSet[] = [];
  const access = { address: -1, kind: -1, value: -1 };
  const traces = blocks.some(({ steps }) => steps.some(({ traced }) => traced));
  if (traces) Object.assign(access, { address: code.local('i64'), kind: code.local('i64'), value: code.local('i64') });

  const pool: Record<ValueType, number[]> = { i32: [], i64: [], f32: [], f64: [] };
  const used: Record<ValueType, number> = { i32: 0, i64: 0, f32: 0, f64: 0 };
  const temporary = (type: ValueType): number => {
    const index = used[type]++;
    pool[type][index] ??= code.local(type);
    return pool[type][index]!;
  };

  const pushState = (): void => void code.global(GLOBAL.state);
  const pushRegister = (register: number, narrow: boolean): void => {
    if (narrow) code.get(lowOf(register)).op('i64_extend_i32_s');
    else code.get(wide.get(register)!);
  };
  const storeRegister = (register: number, narrow: boolean): void => {
    pushState();
    pushRegister(register, narrow);
    code.memory('i64_store', state.registers + register * 8);
  };

  code.get(LEFT).set(start);
  for (const register of registersOf(use.live)) {
    pushState();
    code.memory('i64_load', state.registers + register * 8).set(wide.get(register)!);
  }
  const ways = new WaysOut(code);
  const resume = (index: number, offset: number, narrow: RegisterSet): Label => {
    const { origin, instructions } = blocks[index]!;
    return ways.take({ kind: 'resume', dirty: use.dirtyOut[index]!, narrow, origin, offset, instructions });
  };

  /** @param narrow registers that are narrow in front of the step */
  function placeOf(index: number, step: RegionStep, narrow: RegisterSet): Place {
    const accessPlace: AccessPlace = {
      code,
      tlb,
      pageShift,
      local: temporary,
      tlbBase: () => void code.get(TLB),
      reservedAddress: () => {
        pushState();
        return state.reservedAddress;
      },
      reservedValue: () => {
        pushState();
        return state.reservedValue;
      },
      ...(direct && { offset: direct.host }),
    };
    /** Pushes the base of a counter's address, and gives the offset: counters lie behind the state. */
    const counterAt = (counter: Operand<number> | undefined): number => {
      pushState();
      return options.counters + given(counter);
    };
    const call = (callback: Operand<number>): void => {
      for (const register of registersOf(use.dirtyOut[index]!)) storeRegister(register, has(narrow, register));
      if (traces) {
        pushState();
        code.get(access.address).memory('i64_store', state.accessAddress);
        pushState();
        code.get(access.kind).memory('i64_store', state.accessKind);
        pushState();
        code.get(access.value).memory('i64_store', state.accessValue);
      }
      // Where the interpreter has to go on, should this thread be ended in the call.
      const { origin, instructions } = blocks[index]!;
      pushState();
      code.get(SLOTS).memory('i32_load', ways.slot({ kind: 'record', origin, offset: step.offset }));
      code.memory('i32_store', state.callbackRecord);
      pushState();
      code.get(start).get(LEFT).op('i32_sub').i32(instructions).op('i32_sub').memory('i32_store', state.regionRetired);
      code.i32(given(callback)).call(IMPORT.call);
      pushState();
      code.i32(0).memory('i32_store', state.regionRetired);
    };
    return {
      code,
      local: temporary,
      constant: (value) => void code.i64(given(value)),
      pc: () => {
        throw new Error('a region has every address given');
      },
      next: () => {
        throw new Error('a region has every address given');
      },
      get: (register) => void code.get(wide.get(given(register))!),
      set: (register, value) => {
        value();
        code.set(wide.get(given(register))!);
      },
      getLow: (register) => void code.get(lowOf(given(register))),
      setLow: (register, value) => {
        value();
        code.set(lowOf(given(register)));
      },
      access: (op, [address = -1, operand = -1], into) => {
        const slow = resume(index, step.offset, narrow);
        const host = direct
          ? locate(accessPlace, direct, op, address, slow)
          : translate(accessPlace, op, address, slow);
        perform(accessPlace, op, host, address, operand, into, (kind, value) => {
          if (!step.traced) return;
          code.get(address).set(access.address);
          kind();
          code.set(access.kind);
          value();
          code.set(access.value);
        });
      },
      fusedMultiplyAdd: options.fusedMultiplyAdd,
      flags: () => {
        pushState();
        code.memory('i64_load', state.flags);
      },
      raise: (flags) => {
        pushState();
        pushState();
        code.memory('i64_load', state.flags).i64(BigInt(flags)).op('i64_or').memory('i64_store', state.flags);
      },
      slowFloat: (op, args, into) => {
        for (const [position, arg] of args.entries()) {
          pushState();
          code.get(arg).memory('i64_store', state.floatOperands + position * 8);
        }
        code.i32(options.floatNumber(op)).call(IMPORT.float);
        pushState();
        code.memory('i64_load', state.floatResult);
        if (OPS[op.name].result === 'bool') code.op('i32_wrap_i64');
        code.set(into);
      },
      guard: (condition) => {
        condition();
        code
          .op('i32_eqz')
          .unlikely()
          .brIf(resume(index, step.offset, narrow));
      },
      fence: () => void code.op('atomic_fence'),
      lastAccess: (name) =>
        void code.get({ accessAddress: access.address, accessKind: access.kind, accessValue: access.value }[name]),
      counter: (counter) => void code.memory('i64_load', counterAt(counter)),
      count: (counter, amount) => {
        const offset = counterAt(counter);
        counterAt(counter);
        code.memory('i64_load', offset).get(amount).op('i64_add').memory('i64_store', offset);
      },
      call,
      record: (log, tag, isAccess, callback) => {
        append({
          code,
          cursor: temporary('i32'),
          head: () => counterAt(log),
          tag: () => void code.i32(given(tag)),
          ...(isAccess && {
            access: {
              kind: () => void code.get(access.kind),
              address: () => void code.get(access.address),
              value: () => void code.get(access.value),
            },
          }),
          full: () => call(callback),
        });
      },
      jump: (target, direct) => {
        if (direct) return;
        target();
        code.set(pcLocal);
      },
      // The condition stays on the stack for the block's end.
      branch: (condition) => condition(),
      exit: () => {
        throw new Error('doors are not entered from regions');
      },
    };
  }

  function emitBlock(index: number, leave: (edge: Edge) => void, label: (block: number) => Label): void {
    const { steps, control, instructions } = blocks[index]!;
    if (instructions > 0) code.get(LEFT).i32(instructions).op('i32_sub').set(LEFT);
    let narrowNow = use.narrowIn[index]!;
    for (const step of steps) {
      const before = narrowNow;
      narrowNow = narrowAfter(step.fragment, before);
      lower(
        narrow(step.fragment, (register) => has(before, register)),
        placeOf(index, step, before),
      );
      for (const type of TYPES) used[type] = 0;
    }
    narrowOut[index] = narrowNow;
    const dirty = use.dirtyOut[index]!;
    const go = (edge: Edge): void => {
      if ('block' in edge) {
        for (const register of registersOf(narrowNow & ~use.narrowIn[edge.block]!)) {
          pushRegister(register, true);
          code.set(wide.get(register)!);
        }
        if (edge.select !== undefined) code.i32(edge.select).set(selected);
      }
      leave(edge);
    };
    switch (control.kind) {
      case 'goto':
        go(control.to);
        break;
      case 'branch':
        code.if();
        go(control.taken);
        code.end();
        go(control.next);
        break;
      case 'indirect':
        for (const edge of control.likely) {
          code.get(pcLocal).i64(edge.address).op('i64_eq').if();
          go(edge);
          code.end();
        }
        code.br(ways.take({ kind: 'indirect', dirty, narrow: narrowNow }));
        break;
      case 'dispatch':
        code.get(selected).brTable(control.targets.map(label));
        break;
      case 'resume':
        code.br(resume(index, control.offset, narrowNow));
    }
  }

  const body = {
    poll(index: number): void {
      const way = { dirty: use.dirtyIn[index]!, narrow: use.narrowIn[index]!, pc: blocks[index]!.pc };
      code
        .get(LEFT)
        .i32(0)
        .op('i32_lt_s')
        .unlikely()
        .brIf(ways.take({ kind: 'link', ...way }));
    },
    block: emitBlock,
    exit(index: number, pc: bigint): void {
      code.br(ways.take({ kind: 'link', dirty: use.dirtyOut[index]!, narrow: narrowOut[index]!, pc }));
    },
  };

  emitStructure(flow, code, body);
  ways.close({
    slots: SLOTS,
    left: LEFT,
    start,
    result,
    pcLocal,
    pushState,
    pcOffset: state.pc,
    retiredOffset: state.retired,
    store: storeRegister,
  });
  const bytes = encodeModule({
    types: [
      { parameters: ['i32', 'i32', 'i32'], results: ['i32'] },
      { parameters: ['i32'], results: [] },
    ],
    memoryPages: options.memoryPages,
    importedFunctions: [
      { name: 'call', type: TYPE.call },
      { name: 'float', type: TYPE.call },
    ],
    importedGlobals: ['state'],
    functions: [{ name: 'region', type: TYPE.region, body: code.finish() }],
  });
  return { bytes, slots: ways.slots };
}
