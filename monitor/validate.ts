/**
 * Checks arguments against the schema of their command, and says what is wrong in QEMU's words.
 *
 * ajv does the checking. Two things differ from plain JSON Schema, and are keywords of our own: the type of a value is
 * that of its text (`1.0` is no integer, a bigint is one), and a range may exceed what a double can hold. Of all errors
 * the one is reported that QEMU would meet first: members in schema order, depth first, and what is unexpected in an
 * object after everything that is expected there.
 */
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import { INT64, type JsonSchema, type Schema, UINT64 } from '../schema/build.ts';
import { ParameterError } from './command.ts';
import { JsonNumber } from './json/value.ts';

const ajv = new Ajv2020({ allErrors: true, verbose: true, messages: false, strict: false });

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (value instanceof JsonNumber) return 'number';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value === 'bigint' ? 'integer' : typeof value;
}

ajv.addKeyword({
  keyword: 'textType',
  validate: (type: string, value: unknown) =>
    typeOf(value) === type || (type === 'number' && typeOf(value) === 'integer'),
});

type Bound = number | bigint;
interface Range {
  readonly minimum: Bound;
  readonly maximum: Bound;
}

ajv.addKeyword({
  keyword: 'range',
  validate: ({ minimum, maximum }: Range, value: unknown) =>
    typeOf(value) !== 'integer' || (minimum <= (value as Bound) && (value as Bound) <= maximum),
});

const INTEGER: Range = { minimum: -(1n << 63n), maximum: (1n << 64n) - 1n };

/** What leaves one of these is of another type to QEMU, which has no larger integers. */
const WHOLE_TYPES = [INT64, UINT64].map(([minimum, maximum]) => `${minimum} to ${maximum}`);

/** Ranges that QEMU calls by the name of a type of C. */
const C_TYPES = new Map(
  [8, 16, 32].flatMap((bits): [string, string][] => [
    [`${-(2 ** (bits - 1))} to ${2 ** (bits - 1) - 1}`, `int${bits}_t`],
    [`0 to ${2 ** bits - 1}`, `uint${bits}_t`],
  ]),
);

/** The schema in ajv's terms. */
function translate(schema: JsonSchema): object {
  const { type, minimum, maximum, properties, items, additionalProperties, variants, ...rest } = schema;
  return {
    ...rest,
    ...(type === undefined ? {} : { textType: type }),
    ...(type === 'integer'
      ? { range: { minimum: minimum ?? INTEGER.minimum, maximum: maximum ?? INTEGER.maximum } }
      : {}),
    ...(properties === undefined
      ? {}
      : {
          properties: Object.fromEntries(Object.entries(properties).map(([name, member]) => [name, translate(member)])),
        }),
    ...(variants === undefined
      ? {}
      : {
          allOf: Object.entries(variants).map(([name, data]) => ({
            if: { properties: { type: { const: name } } },
            // biome-ignore lint/suspicious/noThenProperty: JSON Schema calls it that
            then: { properties: { data: translate(data) } },
          })),
        }),
    ...(items === undefined ? {} : { items: translate(items) }),
    ...(typeof additionalProperties === 'object'
      ? { additionalProperties: translate(additionalProperties) }
      : additionalProperties === undefined
        ? {}
        : { additionalProperties }),
  };
}

/** An error at its place: where among all places QEMU comes past it, and what the place is called. */
interface Placed {
  readonly error: ErrorObject;
  readonly rank: readonly number[];
  readonly path: string;
  /** The innermost member; QEMU knows no name for an element of a list, and prints this. */
  readonly name: string;
}

function place(error: ErrorObject, root: JsonSchema, args: unknown): Placed {
  const { missingProperty, additionalProperty } = error.params;
  const steps = error.instancePath
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  const last: string | undefined = missingProperty ?? additionalProperty;
  if (last !== undefined) steps.push(last);

  const rank: number[] = [];
  let path = '';
  let name = 'null';
  let schema: JsonSchema | undefined = root;
  let within: Readonly<Record<string, unknown>> | undefined = args as Readonly<Record<string, unknown>>;
  for (const step of steps) {
    const variant: JsonSchema | undefined = step === 'data' ? schema?.variants?.[String(within?.type)] : undefined;
    within = within?.[step] as typeof within;
    if (schema?.type === 'array') {
      rank.push(Number(step));
      path += `[${step}]`;
      name = 'null';
      schema = schema.items;
      continue;
    }
    const index: number = Object.keys(schema?.properties ?? {}).indexOf(step);
    rank.push(index < 0 ? Number.POSITIVE_INFINITY : index);
    path += path === '' ? step : `.${step}`;
    name = step;
    const others: JsonSchema['additionalProperties'] = schema?.additionalProperties;
    schema = variant ?? schema?.properties?.[step] ?? (typeof others === 'object' ? others : undefined);
  }
  return { error, rank, path, name };
}

function inOrder(a: Placed, b: Placed): number {
  for (let depth = 0; depth < Math.min(a.rank.length, b.rank.length); depth++) {
    const [first, second] = [a.rank[depth]!, b.rank[depth]!];
    if (first !== second) return first < second ? -1 : 1;
  }
  // What is wrong with a value itself precedes what is wrong inside it, and its type precedes all.
  return (
    a.rank.length - b.rank.length || Number(b.error.keyword === 'textType') - Number(a.error.keyword === 'textType')
  );
}

function describe({ error, path, name }: Placed): string {
  switch (error.keyword) {
    case 'required':
      return `Parameter '${path}' is missing`;
    case 'additionalProperties':
      return `Parameter '${path}' is unexpected`;
    case 'enum':
      return `Parameter '${name}' does not accept value '${error.data}'`;
    case 'range': {
      const { minimum, maximum } = error.schema as Range;
      const range = `${minimum} to ${maximum}`;
      if (WHOLE_TYPES.includes(range)) return `Invalid parameter type for '${path}', expected: integer`;
      return `Parameter '${path}' expects ${C_TYPES.get(range) ?? `a value from ${range}`}`;
    }
    default:
      return `Invalid parameter type for '${path}', expected: ${error.schema}`;
  }
}

/** A checked value as handlers take it: a JsonNumber has told its type by now and becomes a number. */
function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof JsonNumber) return value.value;
  if (Array.isArray(value)) return value.map(plain);
  const members: Record<string, unknown> = Object.create(null);
  for (const [name, member] of Object.entries(value)) members[name] = plain(member);
  return members;
}

const validators = new WeakMap<JsonSchema, ValidateFunction>();

/**
 * The arguments of a command, checked.
 * @param args a JSON object as the reader or `JSON.parse` makes it
 * @throws ParameterError a GenericError with QEMU's text for the first thing wrong
 */
export function validate<T>(schema: Schema<T>, args: unknown): T {
  let validator = validators.get(schema.json);
  if (validator === undefined) {
    validator = ajv.compile(translate(schema.json));
    validators.set(schema.json, validator);
  }
  if (!validator(args)) {
    const [first] = (validator.errors ?? [])
      // It only says that one of the others has been met in a variant.
      .filter(({ keyword }) => keyword !== 'if')
      .map((error) => place(error, schema.json, args))
      .sort(inOrder);
    throw new ParameterError(describe(first!));
  }
  return plain(args) as T;
}
