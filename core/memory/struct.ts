/**
 * Plain structures in the shared memory.
 *
 * A structure is declared once, as a table of field types; its offsets, its size and its typed view all derive from
 * that table. Everything that more than one thread looks at (hart state, device registers, queues) is such a structure,
 * so that generated code can address a field by number while TypeScript addresses the same field by name.
 *
 * Fields are laid out in the order of the table, each at its natural alignment, little-endian. A view's accessors are
 * ordinary loads and stores: where two threads meet in one word, the owner uses `Atomics` on the field's `index`.
 */

export interface Scalar<T extends number | bigint> {
  readonly kind: 'u8' | 'u16' | 'u32' | 'i32' | 'u64';
  /** Width in bytes; also its alignment. */
  readonly width: 1 | 2 | 4 | 8;
  /** Never present: carries the type that an accessor of this field has. */
  readonly value?: T;
}

export interface FixedArray<T extends number | bigint> {
  readonly element: Scalar<T>;
  readonly length: number;
}

export const u8: Scalar<number> = { kind: 'u8', width: 1 };
export const u16: Scalar<number> = { kind: 'u16', width: 2 };
export const u32: Scalar<number> = { kind: 'u32', width: 4 };
export const i32: Scalar<number> = { kind: 'i32', width: 4 };
export const u64: Scalar<bigint> = { kind: 'u64', width: 8 };

/** `length` elements in a row; its view is a typed array over them. */
export const array = <T extends number | bigint>(element: Scalar<T>, length: number): FixedArray<T> => ({
  element,
  length,
});

type Field = Scalar<number> | Scalar<bigint> | FixedArray<number> | FixedArray<bigint>;
export type Fields = Readonly<Record<string, Field>>;

type NumberArray = Uint8Array | Uint16Array | Uint32Array | Int32Array;

/** The object by which TypeScript reads and writes one structure in memory. */
export type View<F extends Fields> = {
  -readonly [K in keyof F]: F[K] extends Scalar<infer T>
    ? T
    : F[K] extends FixedArray<bigint>
      ? BigUint64Array
      : F[K] extends FixedArray<number>
        ? NumberArray
        : never;
};

export interface Struct<F extends Fields> {
  readonly fields: F;
  /** Byte offset of each field from the start of the structure. */
  readonly offset: { readonly [K in keyof F]: number };
  /** Size in bytes, a multiple of 8. */
  readonly size: number;
  /** Names and types of the fields, in a text that is the same for equal structures alone. */
  readonly form: string;
  /** The structure that starts at byte `base` (a multiple of 8) of `buffer`, as an object. */
  view(buffer: ArrayBufferLike, base: number): View<F>;
}

const ARRAY_OF = {
  u8: Uint8Array,
  u16: Uint16Array,
  u32: Uint32Array,
  i32: Int32Array,
  u64: BigUint64Array,
} as const;

export function struct<const F extends Fields>(fields: F): Struct<F> {
  const offset: Record<string, number> = {};
  let end = 0;
  for (const [name, field] of Object.entries(fields)) {
    const width = 'element' in field ? field.element.width : field.width;
    offset[name] = Math.ceil(end / width) * width;
    end = offset[name] + ('element' in field ? width * field.length : width);
  }
  const size = Math.ceil(end / 8) * 8;
  const form = Object.entries(fields)
    .map(([name, field]) => `${name}:${'element' in field ? `${field.element.kind}[${field.length}]` : field.kind}`)
    .join(' ');

  function view(buffer: ArrayBufferLike, base: number): View<F> {
    const object = {};
    for (const [name, field] of Object.entries(fields)) {
      const scalar = 'element' in field ? field.element : field;
      const length = 'element' in field ? field.length : 1;
      const cells = new ARRAY_OF[scalar.kind](buffer as ArrayBuffer, base + offset[name]!, length);
      Object.defineProperty(
        object,
        name,
        'element' in field
          ? { value: cells, enumerable: true }
          : {
              get: () => cells[0],
              set: (value: number | bigint) => {
                cells[0] = value as never;
              },
              enumerable: true,
            },
      );
    }
    return object as View<F>;
  }

  return { fields, offset: offset as Struct<F>['offset'], size, form, view };
}
