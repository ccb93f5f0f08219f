/**
 * The lists in which QEMU's options take their values: `virt,usb=off`, `unix:/tmp/s,server=on,wait=off`.
 *
 * Items are separated by commas; a comma inside a value is doubled. The first item may leave out its key where the
 * option implies one. A key alone stands for `key=on`, and `nokey` for `key=off`, as old scripts write it.
 */
import { UsageError } from '../errors.ts';

const IDENTIFIER = /^[A-Za-z][A-Za-z0-9._-]*$/;

const ITEM = /(?:[^,]|,,)+/g;

export class KeyValues {
  readonly #values: (readonly [key: string, value: string])[];

  constructor(values: readonly (readonly [string, string])[]) {
    this.#values = [...values];
  }

  /** @param implied the key of a first item that has none */
  static parse(text: string, implied?: string): KeyValues {
    const items = (text.match(ITEM) ?? []).map((item) => item.replaceAll(',,', ','));
    return new KeyValues(
      items.map((item, n): [string, string] => {
        const equals = item.indexOf('=');
        if (equals >= 0) return [item.slice(0, equals), item.slice(equals + 1)];
        if (n === 0 && implied !== undefined) return [implied, item];
        return item.startsWith('no') ? [item.slice(2), 'off'] : [item, 'on'];
      }),
    );
  }

  /**
   * The same of an option that also takes its values as a JSON object. Members of objects within it are known by their
   * path, `addr.path`; true and false are `on` and `off`.
   * @throws UsageError
   */
  static parseAny(text: string, implied?: string): KeyValues {
    if (!text.startsWith('{')) return KeyValues.parse(text, implied);
    let value: object;
    try {
      value = JSON.parse(text) as object;
    } catch (error) {
      throw new UsageError(`JSON parse error, ${(error as Error).message}`);
    }
    return new KeyValues([...flatten(value, '')]);
  }

  /** The value of `id`, or of another key that names what is made. @throws UsageError if it cannot be a name */
  takeId(key = 'id'): string | undefined {
    const id = this.take(key);
    if (id !== undefined && !IDENTIFIER.test(id)) {
      throw new UsageError(
        `Parameter '${key}' expects an identifier`,
        "Identifiers consist of letters, digits, '-', '.', '_', starting with a letter.",
      );
    }
    return id;
  }

  /** The value of `key`, of several the last, and removes it. */
  take(key: string): string | undefined {
    return this.takeAll(key).at(-1);
  }

  /** Every value of `key` in order, and removes them. */
  takeAll(key: string): readonly string[] {
    const taken: string[] = [];
    for (let n = 0; n < this.#values.length; ) {
      if (this.#values[n]![0] === key) taken.push(this.#values.splice(n, 1)[0]![1]);
      else n++;
    }
    return taken;
  }

  /** @throws UsageError unless it is `on`, `off` or absent */
  takeBoolean(key: string): boolean | undefined {
    const value = this.take(key);
    if (value !== undefined && value !== 'on' && value !== 'off') {
      throw new UsageError(`Parameter '${key}' expects 'on' or 'off'`);
    }
    return value === undefined ? undefined : value === 'on';
  }

  /** Whether there is a value of `key` that nobody has taken. */
  has(key: string): boolean {
    return this.#values.some(([name]) => name === key);
  }

  /** The key of the first item that nobody has taken. */
  get unknown(): string | undefined {
    return this.#values[0]?.[0];
  }

  /** @throws UsageError if anything is left */
  end(): void {
    if (this.unknown !== undefined) throw new UsageError(`Invalid parameter '${this.unknown}'`);
  }
}

function* flatten(value: object, prefix: string): Generator<[string, string]> {
  for (const [name, member] of Object.entries(value)) {
    if (typeof member === 'object' && member !== null) yield* flatten(member, `${prefix}${name}.`);
    else if (typeof member === 'boolean') yield [`${prefix}${name}`, member ? 'on' : 'off'];
    else yield [`${prefix}${name}`, `${member}`];
  }
}
