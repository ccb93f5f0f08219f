/** From values to JSON text as QMP sends it: ASCII, one space behind `:` and `,`. */
import { JsonNumber } from './value.ts';

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

const writeString = (text: string): string =>
  `"${text
    .toWellFormed()
    .replace(
      /[^ !#-[\]-~]/g,
      (unit) => SHORT_ESCAPES[unit] ?? `\\u${unit.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`,
    )}"`;

const withoutTrailingZeros = (digits: string): string => digits.replace(/\.?0+$/, '');

/** A double as C's `%.17g` writes it. Infinity becomes a number that readers take for infinity, NaN becomes null. */
function writeNumber(value: number): string {
  if (Number.isSafeInteger(value)) return Object.is(value, -0) ? '-0' : String(value);
  if (Number.isNaN(value)) return 'null';
  if (!Number.isFinite(value)) return value > 0 ? '1e+999' : '-1e+999';
  const [mantissa, power] = value.toExponential(16).split('e') as [string, string];
  const exponent = Number(power);
  if (exponent >= -4 && exponent < 17) {
    const digits = value.toFixed(16 - exponent);
    return digits.includes('.') ? withoutTrailingZeros(digits) : digits;
  }
  return `${withoutTrailingZeros(mantissa)}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

/**
 * The text of a value, without a line end.
 * @param value anything made of null, booleans, numbers, bigints, JsonNumbers, strings, arrays and objects. Members that
 *   are undefined are left out; what JSON has no word for becomes null.
 * @param pretty one item a line, indented by four spaces; lines end in CRLF
 */
export function writeJson(value: unknown, pretty = false): string {
  const write = (item: unknown, newline: string): string => {
    switch (typeof item) {
      case 'string':
        return writeString(item);
      case 'number':
        return writeNumber(item);
      case 'boolean':
      case 'bigint':
        return String(item);
      case 'object':
        break;
      default:
        return 'null';
    }
    if (item === null) return 'null';
    if (item instanceof JsonNumber) return writeNumber(item.value);
    const inner = pretty ? `${newline}    ` : '';
    const [open, close, texts] = Array.isArray(item)
      ? ['[', ']', item.map((element) => write(element, inner))]
      : [
          '{',
          '}',
          Object.entries(item)
            .filter(([, member]) => member !== undefined)
            .map(([key, member]) => `${writeString(key)}: ${write(member, inner)}`),
        ];
    if (!pretty) return open + texts.join(', ') + close;
    return open + texts.map((text) => inner + text).join(',') + newline + close;
  };
  return write(value, '\r\n');
}
