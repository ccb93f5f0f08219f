/** The functions of a vCPU's regions, in the table that the interpreter calls them from. */

/** Functions that the table has room for. */
const TABLE_SIZE = 1 << 16;

export class RegionTable {
  readonly table = new WebAssembly.Table({ element: 'anyfunc', initial: TABLE_SIZE, maximum: TABLE_SIZE });
  readonly #imports: Record<string, unknown>;
  readonly #free: number[] = [];
  #next = 0;

  /** @param imports what the modules import from `env`: memory, call, float, state */
  constructor(imports: Record<string, unknown>) {
    this.#imports = imports;
  }

  /** Makes the module's function callable. @returns its index, undefined where the table is full */
  add(module: WebAssembly.Module): number | undefined {
    const index = this.#free.pop() ?? (this.#next < TABLE_SIZE ? this.#next++ : undefined);
    if (index !== undefined)
      this.table.set(index, new WebAssembly.Instance(module, { env: this.#imports }).exports.region);
    return index;
  }

  /** Forgets the function at `index`, which nothing leads to any more. */
  remove(index: number): void {
    this.table.set(index, null);
    this.#free.push(index);
  }
}
