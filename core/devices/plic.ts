/**
 * Platform-level interrupt controller.
 * RISC-V Platform-Level Interrupt Controller Specification 1.0.0; SiFive's implementation `plic-1.0.0`.
 *
 * Every source is level-triggered. Its gateway hands one request to the core when the level is high, and none after that
 * until some context has completed it: then it looks at the level anew. A request that has been handed over stays
 * pending even when the level falls before it is claimed (specification, "Interrupt Gateways").
 */
import { array, struct, u32, type View } from '../memory/struct.ts';
import { device } from './device.ts';

/** Sources that a real PLIC may have, which fixes the distance between contexts; source 0 means "no interrupt". */
const SOURCES_MAX = 1024;
const WORDS_PER_CONTEXT = SOURCES_MAX / 32;
export const SOURCES = 96;
const WORDS = Math.ceil((SOURCES + 1) / 32);
/** Priorities are 0, which never interrupts, to this. */
export const PRIORITY_MASK = 7;

const stateOf = (contexts: number) =>
  struct({
    /** By source. */
    priority: array(u32, SOURCES + 1),
    /** Bit n of word w stands for source 32w + n, here and in what follows. */
    pending: array(u32, WORDS),
    /** Sources that are high. */
    level: array(u32, WORDS),
    /** Sources that have been claimed and not yet completed. */
    claimed: array(u32, WORDS),
    /** WORDS words for each context. */
    enable: array(u32, WORDS * contexts),
    threshold: array(u32, contexts),
    /** By source: times that it has been claimed. */
    claims: array(u32, SOURCES + 1),
  });
type Fields = ReturnType<typeof stateOf>['fields'];
export type PlicState = View<Fields>;
type State = PlicState;

/** Whether bit `source` is set in words that begin with that of source 0. */
export const hasSource = (words: ArrayLike<number | bigint>, source: number): boolean =>
  ((Number(words[source >> 5]) >>> (source & 31)) & 1) !== 0;

/** Whether a context has enabled a source. */
export const isEnabled = (state: Readonly<State>, context: number, source: number): boolean =>
  hasSource(state.enable.subarray(context * WORDS, (context + 1) * WORDS), source);

export interface PlicPins {
  /** The external interrupt line that belongs to a context. */
  external(context: number, level: boolean): void;
}

export interface PlicOperations {
  /** Drives an interrupt source. @param source 1 to SOURCES */
  source(source: number, level: boolean): void;
}

/** Bits of word `word` that stand for a source. */
function implemented(word: number): number {
  if (word >= WORDS) return 0;
  const sources = Math.min(SOURCES + 1 - word * 32, 32);
  const bits = sources === 32 ? 0xffff_ffff : 2 ** sources - 1;
  return word === 0 ? bits - 1 : bits;
}

/** Gateways: what is high, not waiting already and not in service becomes pending. */
function latch(state: State): void {
  for (let word = 0; word < WORDS; word++) state.pending[word]! |= state.level[word]! & ~state.claimed[word]!;
}

/**
 * The pending source of the highest priority that is enabled for a context and has a priority above `threshold`, the
 * lowest-numbered of those that are equal; 0 where there is none.
 */
function best(state: State, context: number, threshold: number): number {
  let found = 0;
  let priority = threshold;
  for (let word = 0; word < WORDS; word++) {
    let candidates = state.pending[word]! & state.enable[context * WORDS + word]!;
    while (candidates !== 0) {
      const bit = 31 - Math.clz32(candidates & -candidates);
      candidates &= candidates - 1;
      const source = word * 32 + bit;
      if (state.priority[source]! > priority) {
        found = source;
        priority = state.priority[source]!;
      }
    }
  }
  return found;
}

/** A claim is not affected by the threshold (specification, "Interrupt Claim Process"). */
function claim(state: State, context: number): number {
  const source = best(state, context, 0);
  if (source === 0) return 0;
  const word = source >> 5;
  const bit = 1 << (source & 31);
  state.pending[word]! &= ~bit;
  state.claimed[word]! |= bit;
  state.claims[source]!++;
  return source;
}

/** Ignored unless the source is enabled for the context (specification, "Interrupt Completion"). */
function complete(state: State, context: number, source: number): void {
  if (source > SOURCES) return;
  const word = source >> 5;
  const bit = 1 << (source & 31);
  if (state.enable[context * WORDS + word]! & bit) state.claimed[word]! &= ~bit;
}

/** @param contexts 1 to 16 */
export const plic = (contexts: number) =>
  device<Fields, PlicPins, PlicOperations>('riscv.sifive.plic', {
    doc: 'Ranks the interrupt lines of devices and hands each to one of the contexts that have enabled it.',
    size: 0x60_0000,
    state: stateOf(contexts),
    registers: {
      /** Of source 1 onwards. */
      PRIORITY: {
        at: 0x4,
        count: SOURCES,
        read: (state, _, index) => state.priority[index + 1]!,
        write: (state, value, _, index) => {
          state.priority[index + 1] = value & PRIORITY_MASK;
        },
      },
      PENDING: { at: 0x1000, count: WORDS, read: (state, _, word) => state.pending[word]! },
      ENABLE: {
        at: 0x2000,
        count: contexts * WORDS_PER_CONTEXT,
        read: (state, _, index) => {
          const word = index % WORDS_PER_CONTEXT;
          return word < WORDS ? state.enable[Math.floor(index / WORDS_PER_CONTEXT) * WORDS + word]! : 0;
        },
        write: (state, value, _, index) => {
          const word = index % WORDS_PER_CONTEXT;
          if (word >= WORDS) return;
          state.enable[Math.floor(index / WORDS_PER_CONTEXT) * WORDS + word] = value & implemented(word);
        },
      },
      THRESHOLD: {
        at: 0x20_0000,
        count: contexts,
        stride: 0x1000,
        read: (state, _, context) => state.threshold[context]!,
        write: (state, value, _, context) => {
          state.threshold[context] = value & PRIORITY_MASK;
        },
      },
      CLAIM_COMPLETE: {
        at: 0x20_0004,
        count: contexts,
        stride: 0x1000,
        read: (state, _, context) => claim(state, context),
        write: (state, value, _, context) => complete(state, context, value),
      },
    },
    /** Reset before the devices behind the sources, which drive their levels anew when they are reset. */
    reset: (state) => {
      for (const field of Object.values(state)) field.fill(0);
    },
    operations: {
      source: (state, _, source, level) => {
        const word = source >> 5;
        const bit = 1 << (source & 31);
        if (level) state.level[word]! |= bit;
        else state.level[word]! &= ~bit;
      },
    },
    settle: (state, pins) => {
      latch(state);
      for (let context = 0; context < contexts; context++)
        pins.external(context, best(state, context, state.threshold[context]!) !== 0);
    },
    node: {
      name: 'plic',
      properties: {
        compatible: ['sifive,plic-1.0.0', 'riscv,plic0'],
        '#address-cells': 0,
        '#interrupt-cells': 1,
        'interrupt-controller': true,
        'riscv,ndev': SOURCES,
      },
    },
  });
