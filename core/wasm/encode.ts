/** Writes WebAssembly: integers in LEB128, function bodies with labels by name instead of depth, whole modules. */
import { alignmentOf, EMPTY_BLOCK, OPCODE, type OpcodeName, VALUE_TYPE, type ValueType } from './opcodes.ts';

/** Bytes that grow at the end. */
class Bytes {
  #bytes = new Uint8Array(1024);
  #length = 0;

  get length(): number {
    return this.#length;
  }
  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const bytes = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + more));
    bytes.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = bytes;
  }
  push(byte: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = byte;
  }
  append(bytes: ArrayLike<number>): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }
  /** Cuts the bytes from `at` on off, and returns them. */
  cut(at: number): Uint8Array {
    const rest = this.#bytes.slice(at, this.#length);
    this.#length = at;
    return rest;
  }
  /** LEB128 of 32 bits. */
  unsigned(value: number): void {
    let rest = value >>> 0;
    while (rest >= 0x80) {
      this.push((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.push(rest);
  }
  signed(value: number): void {
    let rest = value | 0;
    while (rest < -0x40 || rest >= 0x40) {
      this.push((rest & 0x7f) | 0x80);
      rest >>= 7;
    }
    this.push(rest & 0x7f);
  }
  signed64(value: bigint): void {
    if (value >= -0x8000_0000n && value <= 0x7fff_ffffn) {
      this.signed(Number(value));
      return;
    }
    let rest = BigInt.asIntN(64, value);
    while (rest < -0x40n || rest >= 0x40n) {
      this.push(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    this.push(Number(rest & 0x7fn));
  }
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }
}

/** A place that `br` can go to: the end of a block, the head of a loop. */
export interface Label {
  readonly depth: number;
}

/** A function's bytes as they stand in the code section, and where in them are branches that are hardly ever taken. */
export interface FunctionBody {
  readonly bytes: Uint8Array;
  readonly unlikely: readonly number[];
}

/** The body of one function. Locals are numbered behind the parameters, in the order of `local`. */
export class Code {
  readonly #bytes = new Bytes();
  #unlikely: number[] = [];
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
    for (const name of names) this.#opcode(name);
    return this;
  }
  #opcode(name: OpcodeName): void {
    const encoding: readonly number[] = OPCODE[name];
    this.#bytes.push(encoding[0]!);
    for (let index = 1; index < encoding.length; index++) this.#bytes.push(encoding[index]!);
  }
  #indexed(name: OpcodeName, index: number): this {
    this.#opcode(name);
    this.#bytes.unsigned(index);
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
    this.#bytes.unsigned(0);
    return this;
  }

  i32(value: number): this {
    this.#opcode('i32_const');
    this.#bytes.signed(value);
    return this;
  }
  i64(value: bigint): this {
    this.#opcode('i64_const');
    this.#bytes.signed64(BigInt.asIntN(64, value));
    return this;
  }

  f64(value: number): this {
    this.#opcode('f64_const');
    this.#bytes.append(new Uint8Array(Float64Array.of(value).buffer));
    return this;
  }

  /** A load, store or atomic access; the address is on the stack. Plain accesses claim no alignment. */
  memory(name: OpcodeName, offset = 0): this {
    this.op(name);
    this.#bytes.unsigned(OPCODE[name].length > 1 ? alignmentOf(name) : 0);
    this.#bytes.unsigned(offset);
    return this;
  }

  /** Where code may be inserted later, and how deep in blocks it is there. */
  mark(): { readonly at: number; readonly depth: number } {
    return { at: this.#bytes.length, depth: this.#depth };
  }
  /** Emits code in front of all that has been emitted since `at`. */
  insert(at: number, emit: () => void): void {
    const rest = this.#bytes.cut(at);
    emit();
    const inserted = this.#bytes.length - at;
    this.#unlikely = this.#unlikely.map((branch) => (branch >= at ? branch + inserted : branch));
    this.#bytes.append(rest);
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
  /** The branch or `if` that follows is hardly ever taken. */
  unlikely(): this {
    this.#unlikely.push(this.#bytes.length);
    return this;
  }
  br = (label: Label): this => this.#indexed('br', this.#depth - label.depth);
  brIf = (label: Label): this => this.#indexed('br_if', this.#depth - label.depth);
  /** Goes to the label of this index; to the last one for any index beyond. */
  brTable(labels: readonly Label[]): this {
    this.#indexed('br_table', labels.length - 1);
    for (const label of labels) this.#bytes.unsigned(this.#depth - label.depth);
    return this;
  }

  finish(): FunctionBody {
    const out = new Bytes();
    out.unsigned(this.#locals.length);
    for (const type of this.#locals) out.append([1, VALUE_TYPE[type]]);
    const start = out.length;
    out.append(this.#bytes.finish());
    out.append(OPCODE.end);
    return { bytes: out.finish(), unlikely: this.#unlikely.map((branch) => start + branch) };
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
  readonly functions: readonly { readonly name: string; readonly type: number; readonly body: FunctionBody }[];
}

const SECTION = { custom: 0, type: 1, import: 2, function: 3, export: 7, code: 10 } as const;
const KIND = { function: 0, table: 1, memory: 2, global: 3 } as const;
const FUNCREF = 0x70;
const SHARED_WITH_MAXIMUM = 3;
/** A hint of one byte, which says no. */
const UNLIKELY = [1, 0];

function text(value: string, out: Bytes): void {
  out.unsigned(value.length);
  for (const character of value) out.push(character.charCodeAt(0));
}

/** The module's bytes. */
export function encodeModule(contents: ModuleContents): Uint8Array {
  const out = new Bytes();
  out.append([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]);
  const section = <T>(id: number, items: readonly T[], write: (item: T, out: Bytes, index: number) => void): void => {
    const body = new Bytes();
    body.unsigned(items.length);
    for (const [index, item] of items.entries()) write(item, body, index);
    out.push(id);
    out.unsigned(body.length);
    out.append(body.finish());
  };
  const types = (list: readonly ValueType[], body: Bytes): void => {
    body.unsigned(list.length);
    for (const type of list) body.push(VALUE_TYPE[type]);
  };

  section(SECTION.type, contents.types, ({ parameters, results }, body) => {
    body.push(0x60);
    types(parameters, body);
    types(results, body);
  });
  const imports: ((body: Bytes) => void)[] = [
    (body) => {
      text('memory', body);
      body.append([KIND.memory, SHARED_WITH_MAXIMUM]);
      body.unsigned(contents.memoryPages);
      body.unsigned(contents.memoryPages);
    },
    ...(contents.importedTable === undefined ? [] : [contents.importedTable]).map((name) => (body: Bytes) => {
      text(name, body);
      body.append([KIND.table, FUNCREF, 0, 0]);
    }),
    ...contents.importedFunctions.map(({ name, type }) => (body: Bytes) => {
      text(name, body);
      body.push(KIND.function);
      body.unsigned(type);
    }),
    ...contents.importedGlobals.map((name) => (body: Bytes) => {
      text(name, body);
      body.append([KIND.global, VALUE_TYPE.i32, 0]);
    }),
  ];
  section(SECTION.import, imports, (write, body) => {
    text('env', body);
    write(body);
  });
  section(SECTION.function, contents.functions, ({ type }, body) => body.unsigned(type));
  section(SECTION.export, contents.functions, ({ name }, body, index) => {
    text(name, body);
    body.push(KIND.function);
    body.unsigned(contents.importedFunctions.length + index);
  });
  const hints = new Bytes();
  text('metadata.code.branch_hint', hints);
  hints.unsigned(contents.functions.length);
  for (const [index, { body }] of contents.functions.entries()) {
    hints.unsigned(contents.importedFunctions.length + index);
    hints.unsigned(body.unlikely.length);
    for (const branch of body.unlikely) {
      hints.unsigned(branch);
      hints.append(UNLIKELY);
    }
  }
  out.push(SECTION.custom);
  out.unsigned(hints.length);
  out.append(hints.finish());
  section(SECTION.code, contents.functions, ({ body: { bytes } }, body) => {
    body.unsigned(bytes.length);
    body.append(bytes);
  });
  return out.finish().slice();
}
