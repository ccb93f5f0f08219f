/** Appending to a buffer of `plugin/recorder` in generated code. */
import type { Code } from './encode.ts';

export interface AppendPlace {
  readonly code: Code;
  /** A local of 32 bits. */
  readonly cursor: number;
  /** Pushes the base of the address of the buffer's head, and gives the offset. */
  head(): number;
  tag(): void;
  /** Push what the last access was; absent where there is only a tag. */
  readonly access?: { kind(): void; address(): void; value(): void };
  /** Emits what is done where the buffer is full. */
  full(): void;
}

const TAG = { tag: 0, bytes: 4 };
const ACCESS = { kind: 4, address: 8, value: 16, bytes: 24 };

export function append({ code, cursor, head, tag, access, full }: AppendPlace): void {
  const load = (word: number): void => void code.memory('i32_load', head() + word);
  load(0);
  code.tee(cursor);
  tag();
  code.memory('i32_store', TAG.tag);
  if (access) {
    code.get(cursor);
    access.kind();
    code.op('i32_wrap_i64').memory('i32_store', ACCESS.kind).get(cursor);
    access.address();
    code.memory('i64_store', ACCESS.address).get(cursor);
    access.value();
    code.memory('i64_store', ACCESS.value);
  }
  const offset = head();
  code
    .get(cursor)
    .i32(access ? ACCESS.bytes : TAG.bytes)
    .op('i32_add')
    .tee(cursor)
    .memory('i32_store', offset)
    .get(cursor);
  load(4);
  code.op('i32_eq').unlikely().if();
  full();
  code.end();
}
