/**
 * How control leaves a region: out of line, behind all of its code. Each way out has a stub of its own, which says where
 * it leads; stubs that store the same registers share the code for that; and all share the end.
 *
 * How many there are shows only when the region's code is there: the blocks around it are inserted then. The first way out
 * is the innermost block, so that no label depends on how many follow.
 */
import type { Code, Label } from '../encode.ts';
import { has, type RegisterSet, registersOf } from './registers.ts';

/** What lies in a slot when the region is installed. */
export type Slot =
  /** Link to what stands at a guest address; 0 at first. */
  | { readonly kind: 'link' }
  /** Address of the record at `offset` behind the first record of the block `origin`. */
  | { readonly kind: 'record'; readonly origin: number; readonly offset: number };

export type WayOut = {
  /** Registers to store, and those of them that are narrow. */
  readonly dirty: RegisterSet;
  readonly narrow: RegisterSet;
} & (
  | { readonly kind: 'link'; readonly pc: bigint }
  /** Where local `pcLocal` says. */
  | { readonly kind: 'indirect' }
  /** In front of an instruction of a block that has counted `instructions` already. */
  | { readonly kind: 'resume'; readonly origin: number; readonly offset: number; readonly instructions: number }
);

export const SLOT_BYTES = 4;

/** What the stubs of ways out with the same key store is the same. */
const keyOf = ({ dirty, narrow }: WayOut): string => `${dirty} ${dirty & narrow}`;

/** Locals and offsets that the stubs use. */
export interface EndPlace {
  readonly slots: number;
  /** Instructions left of the budget: counts down. */
  readonly left: number;
  readonly start: number;
  /** What the function returns. */
  readonly result: number;
  readonly pcLocal: number;
  pushState(): void;
  readonly pcOffset: number;
  readonly retiredOffset: number;
  /** Stores register `register`, which is narrow or not, into the state. */
  store(register: number, narrow: boolean): void;
}

export class WaysOut {
  readonly #code: Code;
  readonly #mark: ReturnType<Code['mark']>;
  readonly #ways: WayOut[] = [];
  readonly slots: Slot[] = [];

  /** The region's code begins here. */
  constructor(code: Code) {
    this.#code = code;
    this.#mark = code.mark();
  }

  /** The label of a new way out. Its block is the next one around all of the region's code. */
  take(way: WayOut): Label {
    return { depth: this.#mark.depth - (this.#ways.push(way) - 1) };
  }

  /** Offset of a new slot from the first one. */
  slot(slot: Slot): number {
    return (this.slots.push(slot) - 1) * SLOT_BYTES;
  }

  /** Writes the stubs, behind code that never runs off its end. */
  close(place: EndPlace): void {
    const { slots, left, start, result } = place;
    const code = this.#code;
    const stores = new Map(this.#ways.map((way) => [keyOf(way), way]));
    const storeLabels = new Map<string, Label>();
    let end: Label = { depth: 0 };
    code.insert(this.#mark.at, () => {
      end = code.block();
      for (const key of [...stores.keys()].reverse()) storeLabels.set(key, code.block());
      for (const _ of this.#ways) code.block();
    });
    for (const way of this.#ways) {
      code.end();
      if (way.kind === 'link') {
        place.pushState();
        code.i64(way.pc).memory('i64_store', place.pcOffset);
        code
          .get(slots)
          .i32(this.slot({ kind: 'link' }))
          .op('i32_add')
          .set(result);
      } else if (way.kind === 'indirect') {
        place.pushState();
        code.get(place.pcLocal).memory('i64_store', place.pcOffset);
        code.i32(0).set(result);
      } else {
        code
          .i32(0)
          .get(slots)
          .memory('i32_load', this.slot({ kind: 'record', origin: way.origin, offset: way.offset }))
          .op('i32_sub')
          .set(result);
        code.get(left).i32(way.instructions).op('i32_add').set(left);
      }
      code.br(storeLabels.get(keyOf(way))!);
    }
    for (const { dirty, narrow } of stores.values()) {
      code.end();
      for (const register of registersOf(dirty)) place.store(register, has(narrow, register));
      code.br(end);
    }
    code.end();
    place.pushState();
    place.pushState();
    code.memory('i64_load', place.retiredOffset).get(start).get(left).op('i32_sub', 'i64_extend_i32_u', 'i64_add');
    code.memory('i64_store', place.retiredOffset).get(result);
  }
}
