import { describe, expect, it } from 'vitest';
import { KeyValues } from '../../../../server/config/key-values.ts';

/** All items, by taking each of `keys` in turn. */
const taken = (values: KeyValues, ...keys: string[]): Record<string, readonly string[]> =>
  Object.fromEntries(keys.map((key) => [key, values.takeAll(key)]));

describe('KeyValues', () => {
  it('splits at single commas and unfolds doubled ones', () => {
    expect(taken(KeyValues.parse('a=1,,2,b=,c=x=y'), 'a', 'b', 'c')).toEqual({ a: ['1,2'], b: [''], c: ['x=y'] });
  });

  it('gives the implied key to a first item without one, and to no other', () => {
    expect(taken(KeyValues.parse('/tmp/a,,b,server', 'path'), 'path', 'server')).toEqual({
      path: ['/tmp/a,b'],
      server: ['on'],
    });
    expect(taken(KeyValues.parse('path=x', 'file'), 'path', 'file')).toEqual({ path: ['x'], file: [] });
  });

  it('reads the short forms of old scripts', () => {
    expect(taken(KeyValues.parse('server,nowait'), 'server', 'wait')).toEqual({ server: ['on'], wait: ['off'] });
  });

  it('keeps repeated values in order, and takes the last for one', () => {
    expect(KeyValues.parse('arg=a,arg=b,arg=').takeAll('arg')).toEqual(['a', 'b', '']);
    expect(KeyValues.parse('arg=a,arg=b').take('arg')).toBe('b');
  });

  it('knows on and off, and nothing else, as a switch', () => {
    const values = KeyValues.parse('a=on,b=off,c=yes');
    expect([values.takeBoolean('a'), values.takeBoolean('b'), values.takeBoolean('d')]).toEqual([
      true,
      false,
      undefined,
    ]);
    expect(() => values.takeBoolean('c')).toThrow("Parameter 'c' expects 'on' or 'off'");
  });

  it('names what nobody has taken', () => {
    const values = KeyValues.parse('a=1,b=2,c=3');
    values.take('a');
    expect(values.unknown).toBe('b');
    expect(() => values.end()).toThrow("Invalid parameter 'b'");
  });

  it('reads JSON objects where they are allowed, with the path of each member', () => {
    const values = KeyValues.parseAny('{"a":"x,y","b":true,"c":{"d":7,"e":{"f":false}},"g":[1]}');
    expect(taken(values, 'a', 'b', 'c.d', 'c.e.f', 'g.0')).toEqual({
      a: ['x,y'],
      b: ['on'],
      'c.d': ['7'],
      'c.e.f': ['off'],
      'g.0': ['1'],
    });
    expect(taken(KeyValues.parseAny('x,a=1', 'first'), 'first', 'a')).toEqual({ first: ['x'], a: ['1'] });
    expect(() => KeyValues.parseAny('{"a"')).toThrow('JSON parse error, ');
  });

  it('knows what can be a name', () => {
    expect(KeyValues.parse('id=a-1._').takeId()).toBe('a-1._');
    expect(KeyValues.parse('').takeId('node-name')).toBeUndefined();
    expect(() => KeyValues.parse('id=1a').takeId()).toThrow("Parameter 'id' expects an identifier");
  });

  it('holds nothing of an empty text', () => {
    expect(() => KeyValues.parse('', 'path').end()).not.toThrow();
  });
});
