/** Reading a text that is one JSON value. */
import { JsonReader } from './reader.ts';
import { JsonError, type JsonValue } from './value.ts';

/** Ends numbers, keywords, and strings that do not end by themselves. */
const LINE_FEED = Uint8Array.of(0x0a);

/**
 * The value of a text.
 * @param text as UTF-8
 * @throws JsonError it is not exactly one value; in QEMU's words, such as `JSON parse error, expecting value`
 */
export function parseJson(text: Uint8Array): JsonValue {
  const values: JsonValue[] = [];
  const errors: string[] = [];
  const reader = new JsonReader({
    value: (value) => void values.push(value),
    error: (error) => void errors.push(error),
  });
  reader.feed(text);
  reader.feed(LINE_FEED);
  if (errors.length > 0) throw new JsonError(errors[0]);
  const [value] = values;
  if (value === undefined || reader.isWithinValue) throw new JsonError('JSON parse error, unexpected end of text');
  if (values.length > 1) throw new JsonError('JSON parse error, expected one value');
  return value;
}
