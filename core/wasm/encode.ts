/** Writes WebAssembly: integers in LEB128, function bodies with labels by name instead of depth, whole modules. */
import { alignmentOf, EMPTY_BLOCK, OPCODE, type OpcodeName, VALUE_TYPE, type ValueType } from './opcodes.ts';

function unsigned(value: number, out: number[]): void {
  let rest = value >>> 0;
  while (rest >= 0x80) {
    out.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  out.push(rest);
}

function signed(value: bigint, out: number[]): void {
  let rest = value;
  for (;;) {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    if ((rest === 0n && low < 0x40) || (rest === -1n && low >= 0x40)) {
      out.push(low);
      return;
    }
    out.push(low | 0x80);
  }
}

/** A place that `br` can go to: the end of a block, the head of a loop. */
export interface Label {
  readonly depth: number;
}

/** The body of one function. Locals are numbered behind the parameters, in the order of `local`. */
export class Code {
  #bytes: number[] = [];
  readonly #locals: ValueType[] = [];
  readonly #parameters: number;
  #depth = 0;

  /** @param parameters how many the function has */
  constructor(parameters: number) {
    this.#parameters = parameters;
  }

  local(type: ValueType): number {
    this.#locals.push(type);
    return this.#parameters + this.#locals.length - 1;
  }

  op(...names: readonly OpcodeName[]): this {
    for (const name of names) this.#bytes.push(...OPCODE[name]);
    return this;
  }
  #indexed(name: OpcodeName, index: number): this {
    this.op(name);
    unsigned(index, this.#bytes);
    return this;
  }
  get = (local: number): this => this.#indexed('local_get', local);
  set = (local: number): this => this.#indexed('local_set', local);
  tee = (local: number): this => this.#indexed('local_tee', local);
  global = (index: number): this => this.#indexed('global_get', index);
  call = (callee: number): this => this.#indexed('call', callee);
  /** Calls the function of the imported table whose index is on the stack, behind its arguments. */
  callIndirect(type: number): this {
    this.#indexed('call_indirect', type);
    unsigned(0, this.#bytes);
    return this;
  }

  i32(value: number): this {
    this.op('i32_const');
    signed(BigInt(value | 0), this.#bytes);
    return this;
  }
  i64(value: bigint): this {
    this.op('i64_const');
    signed(BigInt.asIntN(64, value), this.#bytes);
    return this;
  }

  /** A load, store or atomic access; the address is on the stack. Plain accesses claim no alignment. */
  memory(name: OpcodeName, offset = 0): this {
    this.op(name);
    unsigned(OPCODE[name].length > 1 ? alignmentOf(name) : 0, this.#bytes);
    unsigned(offset, this.#bytes);
    return this;
  }

  /** Where code may be inserted later, and how deep in blocks it is there. */
  mark(): { readonly at: number; readonly depth: number } {
    return { at: this.#bytes.length, depth: this.#depth };
  }
  /** Emits code in front of all that has been emitted since `at`. */
  insert(at: number, emit: () => void): void {
    const rest = this.#bytes.slice(at);
    this.#bytes.length = at;
    emit();
    this.#bytes = this.#bytes.concat(rest);
  }

  #open(name: 'block' | 'loop' | 'if', result?: ValueType): Label {
    this.op(name);
    this.#bytes.push(result ? VALUE_TYPE[result] : EMPTY_BLOCK);
    this.#depth++;
    return { depth: this.#depth };
  }
  block = (result?: ValueType): Label => this.#open('block', result);
  loop = (): Label => this.#open('loop');
  if = (result?: ValueType): Label => this.#open('if', result);
  else = (): this => this.op('else');
  end(): this {
    this.#depth--;
    return this.op('end');
  }
  br = (label: Label): this => this.#indexed('br', this.#depth - label.depth);
  brIf = (label: Label): this => this.#indexed('br_if', this.#depth - label.depth);
  /** Goes to the label of this index; to the last one for any index beyond. */
  brTable(labels: readonly Label[]): this {
    this.#indexed('br_table', labels.length - 1);
    for (const label of labels) unsigned(this.#depth - label.depth, this.#bytes);
    return this;
  }

  /** The body as it stands in the code section. */
  finish(): readonly number[] {
    const out: number[] = [];
    unsigned(this.#locals.length, out);
    for (const type of this.#locals) out.push(1, VALUE_TYPE[type]);
    for (const byte of this.#bytes) out.push(byte);
    out.push(OPCODE.end[0]);
    return out;
  }
}

export interface FunctionType {
  readonly parameters: readonly ValueType[];
  readonly results: readonly ValueType[];
}

/** A module with imports from `env` and exported functions. Imports come first in each index space. */
export interface ModuleContents {
  readonly types: readonly FunctionType[];
  /** Pages of the shared memory `env.memory`. */
  readonly memoryPages: number;
  readonly importedFunctions: readonly { readonly name: string; readonly type: number }[];
  /** Name of the imported table of functions, if there is one. */
  readonly importedTable?: string;
  /** Immutable i32 globals. */
  readonly importedGlobals: readonly string[];
  readonly functions: readonly { readonly name: string; readonly type: number; readonly body: readonly number[] }[];
}

const SECTION = { type: 1, import: 2, function: 3, export: 7, code: 10 } as const;
const KIND = { function: 0, table: 1, memory: 2, global: 3 } as const;
const FUNCREF = 0x70;
const SHARED_WITH_MAXIMUM = 3;

function text(value: string, out: number[]): void {
  unsigned(value.length, out);
  for (const character of value) out.push(character.charCodeAt(0));
}

/** The module's bytes. */
export function encodeModule(contents: ModuleContents): Uint8Array {
  const out: number[] = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
  const section = <T>(
    id: number,
    items: readonly T[],
    write: (item: T, out: number[], index: number) => void,
  ): void => {
    const body: number[] = [];
    unsigned(items.length, body);
    for (const [index, item] of items.entries()) write(item, body, index);
    out.push(id);
    unsigned(body.length, out);
    for (const byte of body) out.push(byte);
  };
  const types = (list: readonly ValueType[], body: number[]): void => {
    unsigned(list.length, body);
    for (const type of list) body.push(VALUE_TYPE[type]);
  };

  section(SECTION.type, contents.types, ({ parameters, results }, body) => {
    body.push(0x60);
    types(parameters, body);
    types(results, body);
  });
  const imports: ((body: number[]) => void)[] = [
    (body) => {
      text('memory', body);
      body.push(KIND.memory, SHARED_WITH_MAXIMUM);
      unsigned(contents.memoryPages, body);
      unsigned(contents.memoryPages, body);
    },
    ...(contents.importedTable === undefined ? [] : [contents.importedTable]).map((name) => (body: number[]) => {
      text(name, body);
      body.push(KIND.table, FUNCREF, 0, 0);
    }),
    ...contents.importedFunctions.map(({ name, type }) => (body: number[]) => {
      text(name, body);
      body.push(KIND.function);
      unsigned(type, body);
    }),
    ...contents.importedGlobals.map((name) => (body: number[]) => {
      text(name, body);
      body.push(KIND.global, VALUE_TYPE.i32, 0);
    }),
  ];
  section(SECTION.import, imports, (write, body) => {
    text('env', body);
    write(body);
  });
  section(SECTION.function, contents.functions, ({ type }, body) => unsigned(type, body));
  section(SECTION.export, contents.functions, ({ name }, body, index) => {
    text(name, body);
    body.push(KIND.function);
    unsigned(contents.importedFunctions.length + index, body);
  });
  section(SECTION.code, contents.functions, ({ body: code }, body) => {
    unsigned(code.length, body);
    for (const byte of code) body.push(byte);
  });
  return Uint8Array.from(out);
}
