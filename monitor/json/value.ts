/**
 * JSON values as QMP needs them: nothing that the text said is lost.
 *
 * | text                                   | value                            |
 * |----------------------------------------|----------------------------------|
 * | integer within ±(2^53 - 1)             | number                           |
 * | other integer from -2^63 to 2^64 - 1   | bigint                           |
 * | with a fraction or exponent, or larger | JsonNumber, so that 1.0 is not 1 |
 * | object                                 | object without prototype         |
 */
export type JsonValue = null | boolean | number | bigint | JsonNumber | string | readonly JsonValue[] | JsonObject;

export interface JsonObject {
  readonly [member: string]: JsonValue;
}

/** A number that was not written as a 64-bit integer. */
export class JsonNumber {
  /** The nearest double; infinite where the text left its range. */
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

/** Why a text is not JSON, in QEMU's words. */
export class JsonError extends Error {
  override readonly name = 'JsonError';
}

export const isJsonObject = (value: JsonValue): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof JsonNumber);
