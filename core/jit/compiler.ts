/** Where guest meets host for regions: their functions, in the table that the interpreter calls them from. */
import type { Op } from '../ir/ops.ts';
import { type Layout, PAGE_SHIFT } from '../memory/layout.ts';
import type { MemoryRegion } from '../memory/physical.ts';
import type { DirectMemory } from '../wasm/access.ts';
import { hasFusedMultiplyAdd } from '../wasm/fused.ts';
import { type CompiledRegion, compileRegion, type RegionOptions } from '../wasm/region/compile.ts';
import type { RegionBlocks } from '../wasm/region/graph.ts';
import { GENERATED_STATE, TLB_LAYOUT } from './handlers.ts';

/** Ops that the same slow way performs. */
const sameFloat = (one: Op, other: Op): boolean =>
  one.name === other.name &&
  one.bytes === other.bytes &&
  one.integerBytes === other.integerBytes &&
  one.signed === other.signed;

/** Functions that the table has room for. */
const TABLE_SIZE = 1 << 16;

export class RegionCompiler {
  readonly table = new WebAssembly.Table({ element: 'anyfunc', initial: TABLE_SIZE, maximum: TABLE_SIZE });
  readonly #free: number[] = [];
  #next = 0;
  readonly #options: RegionOptions;
  readonly #direct: DirectMemory;
  readonly #imports: Record<string, unknown>;

  /**
   * @param floats the floating-point ops that the import `float` knows by their numbers
   * @param memory guest RAM while addresses are not translated
   * @param imports what the modules import from `env`: memory, call, float, state, tlb
   */
  constructor(
    layout: Layout,
    floats: readonly Op[],
    { address, host, bytes }: MemoryRegion,
    imports: Record<string, unknown>,
  ) {
    const { state, counters } = layout.vcpus[0]!;
    this.#imports = imports;
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

  /** @param physical it runs only while guest addresses are physical ones */
  compile(blocks: RegionBlocks, physical: boolean): CompiledRegion {
    return compileRegion(blocks, physical ? { ...this.#options, direct: this.#direct } : this.#options);
  }

  /** Puts the region's function into the table. @returns its index, undefined where the table is full */
  install({ bytes }: CompiledRegion): number | undefined {
    const index = this.#free.pop() ?? (this.#next < TABLE_SIZE ? this.#next++ : undefined);
    if (index === undefined) return undefined;
    const { region } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: this.#imports }).exports;
    this.table.set(index, region);
    return index;
  }

  /** Forgets the function at `index`, which nothing leads to any more. */
  remove(index: number): void {
    this.table.set(index, null);
    this.#free.push(index);
  }
}
