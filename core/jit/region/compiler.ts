/** Where guest meets host for regions: from a blueprint to a WebAssembly module. */
import type { Op } from '../../ir/ops.ts';
import { type Layout, PAGE_SHIFT } from '../../memory/layout.ts';
import type { MemoryRegion } from '../../memory/physical.ts';
import type { DirectMemory } from '../../wasm/access.ts';
import { hasFusedMultiplyAdd } from '../../wasm/fused.ts';
import { compileRegion, type RegionOptions } from '../../wasm/region/compile.ts';
import type { Slot } from '../../wasm/region/ways-out.ts';
import { GENERATED_STATE, TLB_LAYOUT } from '../handlers.ts';
import { type Blueprint, buildBlocks } from './blueprint.ts';

/** A region that can be installed. */
export interface TranslatedRegion {
  readonly module: WebAssembly.Module;
  readonly slots: readonly Slot[];
  /** Bytes of WebAssembly. */
  readonly bytes: number;
}

/** Ops that the same slow way performs. */
const sameFloat = (one: Op, other: Op): boolean =>
  one.name === other.name &&
  one.bytes === other.bytes &&
  one.integerBytes === other.integerBytes &&
  one.signed === other.signed;

export class RegionCompiler {
  readonly #options: RegionOptions;
  readonly #direct: DirectMemory;

  /**
   * @param floats the floating-point ops that the import `float` knows by their numbers
   * @param memory guest RAM while addresses are not translated
   */
  constructor(layout: Layout, floats: readonly Op[], { address, host, bytes }: MemoryRegion) {
    const { state, counters } = layout.vcpus[0]!;
    this.#options = {
      state: GENERATED_STATE,
      tlb: TLB_LAYOUT,
      pageShift: PAGE_SHIFT,
      memoryPages: layout.wasmPages,
      counters: counters - state,
      fusedMultiplyAdd: hasFusedMultiplyAdd(),
      floatNumber: (op) => floats.findIndex((other) => sameFloat(op, other)),
    };
    this.#direct = { address: BigInt(address), bytes, host, codePages: layout.codePages };
  }

  compile(blueprint: Blueprint): TranslatedRegion {
    const options = blueprint.physical ? { ...this.#options, direct: this.#direct } : this.#options;
    const { bytes, slots } = compileRegion(buildBlocks(blueprint), options);
    return { module: new WebAssembly.Module(bytes), slots, bytes: bytes.length };
  }
}
