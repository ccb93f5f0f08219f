/**
 * Schemas that are JSON Schema and a static type in one value.
 *
 * Every shape that crosses a protocol is built from these few makers; validation, introspection, typed clients and
 * reference pages read the same value. Integers are 64 bit: a value that leaves `Number.MAX_SAFE_INTEGER` behind is a
 * bigint in TypeScript, and both are accepted wherever an integer is.
 */

/** A JSON Schema (draft 2020-12) with a type riding on it. `type` is never present at run time. */
export interface Schema<T> {
  readonly json: JsonSchema;
  readonly type?: T;
}

export interface JsonSchema {
  readonly type?: 'string' | 'integer' | 'number' | 'boolean' | 'array' | 'object' | 'null';
  readonly description?: string;
  readonly enum?: readonly string[];
  readonly minimum?: number | bigint;
  readonly maximum?: number | bigint;
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  /** Of an object with members `type` and `data`: what `data` is, by the value of `type`. */
  readonly variants?: Readonly<Record<string, JsonSchema>>;
  /** Name of the type in introspection and reference pages. */
  readonly title?: string;
}

type Range = readonly [minimum: number | bigint, maximum: number | bigint];

/** The signed integers of 64 bits, which is what QEMU means by an integer. */
export const INT64: Range = [-(1n << 63n), (1n << 63n) - 1n];
/** Those that QEMU calls sizes. */
export const UINT64: Range = [0n, (1n << 64n) - 1n];

/** A member that may be left out. */
export interface Optional<T> {
  readonly optional: Schema<T>;
}

export type Infer<S> = S extends Schema<infer T> ? T : S extends Optional<infer T> ? T | undefined : never;

type Members = Readonly<Record<string, Schema<unknown> | Optional<unknown>>>;
type OptionalKeys<M extends Members> = { [K in keyof M]: M[K] extends Optional<unknown> ? K : never }[keyof M];
type Struct<M extends Members> = { readonly [K in Exclude<keyof M, OptionalKeys<M>>]: Infer<M[K]> } & {
  readonly [K in OptionalKeys<M>]?: Infer<M[K]>;
};

const described = (json: JsonSchema, description?: string): JsonSchema =>
  description === undefined ? json : { ...json, description };

export const str = (description?: string): Schema<string> => ({ json: described({ type: 'string' }, description) });
export const bool = (description?: string): Schema<boolean> => ({ json: described({ type: 'boolean' }, description) });
export const num = (description?: string): Schema<number> => ({ json: described({ type: 'number' }, description) });
/** A signed or unsigned 64-bit integer. */
export const int = (description?: string): Schema<number | bigint> => ({
  json: described({ type: 'integer' }, description),
});
/** An integer of one of C's types, by its least and greatest value; see `INT64`. */
export const intOf = ([minimum, maximum]: Range, description?: string): Schema<number | bigint> => ({
  json: described({ type: 'integer', minimum, maximum }, description),
});
/** Any JSON value. */
export const any = (description?: string): Schema<unknown> => ({ json: described({}, description) });

export const list = <T>(item: Schema<T>, description?: string): Schema<readonly T[]> => ({
  json: described({ type: 'array', items: item.json }, description),
});

/** An object whose keys are data, all values of one shape. */
export const mapOf = <T>(value: Schema<T>, description?: string): Schema<Readonly<Record<string, T>>> => ({
  json: described({ type: 'object', additionalProperties: value.json }, description),
});

/** One of a fixed set of strings. */
export const oneOf = <const V extends readonly string[]>(
  title: string,
  values: V,
  description?: string,
): Schema<V[number]> => ({ json: described({ type: 'string', enum: values, title }, description) });

export const optional = <T>(schema: Schema<T>): Optional<T> => ({ optional: schema });

/** An object with exactly these members, in the order in which errors about them are reported. */
export function struct<const M extends Members>(title: string, members: M, description?: string): Schema<Struct<M>> {
  const properties: Record<string, JsonSchema> = {};
  const required: string[] = [];
  for (const [name, member] of Object.entries(members)) {
    if ('optional' in member) {
      properties[name] = member.optional.json;
    } else {
      properties[name] = member.json;
      required.push(name);
    }
  }
  return {
    json: described({ type: 'object', title, properties, required, additionalProperties: false }, description),
  };
}

type Variants = Readonly<Record<string, Schema<unknown>>>;
type Union<V extends Variants> = { [K in keyof V]: { readonly type: K; readonly data: Infer<V[K]> } }[keyof V];

/** `{"type": NAME, "data": ...}`, where the name says what the data is. */
export const union = <const V extends Variants>(
  title: string,
  variants: V,
  description?: string,
): Schema<Union<V>> => ({
  json: described(
    {
      type: 'object',
      title,
      properties: {
        type: {
          type: 'string',
          enum: Object.keys(variants),
          title: `${title}Kind`,
          description: 'Which of them it is.',
        },
        data: { description: 'What it is made of.' },
      },
      required: ['type', 'data'],
      additionalProperties: false,
      variants: Object.fromEntries(Object.entries(variants).map(([name, { json }]) => [name, json])),
    },
    description,
  ),
});

/** The same object with any other members besides. */
export const anyMore = <T>({ json }: Schema<T>): Schema<T & Readonly<Record<string, unknown>>> => ({
  json: { ...json, additionalProperties: true },
});

/** No arguments, or nothing to return. */
export const nothing: Schema<Readonly<Record<never, never>>> = struct('Empty', {});
