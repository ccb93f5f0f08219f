/** JSON with integers of 64 bits, which `JSON.parse` by itself would round. */

declare global {
  interface JSON {
    /** A value that `JSON.stringify` writes as `text`. */
    rawJSON(text: string): unknown;
  }
}

type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;

const exact: Reviver = (_key, value, { source = '' }) =>
  typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(source) ? BigInt(source) : value;

/** @returns what the text says; an integer beyond ±(2^53 - 1) is a bigint */
export const readJson = (text: string): unknown => JSON.parse(text, exact as Parameters<typeof JSON.parse>[1]);

/** @param value may hold bigints */
export const writeJson = (value: unknown, indent?: number): string =>
  JSON.stringify(value, (_key, item) => (typeof item === 'bigint' ? JSON.rawJSON(String(item)) : item), indent);
