import { describe, expect, it } from 'vitest';
import { JsonNumber } from '../../../monitor/json/value.ts';
import { validate } from '../../../monitor/validate.ts';
import { any, bool, int, list, mapOf, num, oneOf, optional, type Schema, str, struct } from '../../../schema/build.ts';

const key = struct('Key', { type: oneOf('KeyType', ['number', 'qcode']), data: str() });
const schema = struct('Arguments', {
  keys: list(key),
  'hold-time': optional(int()),
  scale: optional(num()),
  sure: optional(bool()),
  limits: optional(mapOf(int())),
  inner: optional(struct('Inner', { deep: struct('Deep', { port: str() }) })),
  free: optional(any()),
});
const ranged: Schema<{ readonly id: number | bigint }> = {
  json: {
    type: 'object',
    properties: {
      id: { type: 'integer', minimum: -(2 ** 31), maximum: 2 ** 31 - 1 },
      percent: { type: 'integer', minimum: 0, maximum: 100 },
    },
    additionalProperties: false,
  },
};
const good = { type: 'qcode', data: 'a' };

describe('validate', () => {
  it.each([
    [{}, "Parameter 'keys' is missing"],
    [{ 'hold-time': 'x', foo: 1 }, "Parameter 'keys' is missing"],
    [{ keys: 5, foo: 1 }, "Invalid parameter type for 'keys', expected: array"],
    [{ keys: {} }, "Invalid parameter type for 'keys', expected: array"],
    [{ keys: [5] }, "Invalid parameter type for 'keys[0]', expected: object"],
    [{ keys: [new JsonNumber(5.5)] }, "Invalid parameter type for 'keys[0]', expected: object"],
    [{ keys: [{}] }, "Parameter 'keys[0].type' is missing"],
    [{ keys: [good, { data: 'a' }] }, "Parameter 'keys[1].type' is missing"],
    [{ keys: [{ type: 'foo', data: 1 }] }, "Parameter 'type' does not accept value 'foo'"],
    [{ keys: [{ type: 5, data: 1 }] }, "Invalid parameter type for 'keys[0].type', expected: string"],
    [{ keys: [{ ...good, x: 1 }], 'hold-time': 'x' }, "Parameter 'keys[0].x' is unexpected"],
    [{ keys: [{ ...good, data: 1 }, {}], foo: 1 }, "Invalid parameter type for 'keys[0].data', expected: string"],
    [{ foo: 1, keys: [], 'hold-time': null }, "Invalid parameter type for 'hold-time', expected: integer"],
    [{ keys: [], 'hold-time': new JsonNumber(1) }, "Invalid parameter type for 'hold-time', expected: integer"],
    [{ keys: [], 'hold-time': 1.5 }, "Invalid parameter type for 'hold-time', expected: integer"],
    [{ keys: [], scale: '1' }, "Invalid parameter type for 'scale', expected: number"],
    [{ keys: [], sure: 1, scale: true }, "Invalid parameter type for 'scale', expected: number"],
    [{ keys: [], sure: 1 }, "Invalid parameter type for 'sure', expected: boolean"],
    [{ keys: [], limits: { a: 'b' } }, "Invalid parameter type for 'limits.a', expected: integer"],
    [{ keys: [], inner: { deep: {} } }, "Parameter 'inner.deep.port' is missing"],
    [{ keys: [], b: 1, a: 2 }, "Parameter 'b' is unexpected"],
    [{ keys: [], 'a/b~c': 2 }, "Parameter 'a/b~c' is unexpected"],
    [{ keys: [], toString: 2 }, "Parameter 'toString' is unexpected"],
  ])('%o: %s', (args, desc) => {
    expect(() => validate(schema, args)).toThrow(
      expect.objectContaining({ errorClass: 'GenericError', message: desc }),
    );
  });

  it.each([0, -1, 2n ** 64n - 1n, -(2n ** 63n)])('takes %s for an integer', (value) => {
    expect(validate(schema, { keys: [], 'hold-time': value, scale: value })).toEqual({
      keys: [],
      'hold-time': value,
      scale: value,
    });
  });

  it('hands plain numbers to the command', () => {
    const args = { keys: [good], scale: new JsonNumber(1), free: [{ x: new JsonNumber(0.5) }, null, 'a'] };
    expect(validate(schema, args)).toEqual({ keys: [good], scale: 1, free: [{ x: 0.5 }, null, 'a'] });
  });

  it.each([
    [{ id: 2 ** 31 }, "Parameter 'id' expects int32_t"],
    [{ id: -(2n ** 62n) }, "Parameter 'id' expects int32_t"],
    [{ percent: 101 }, "Parameter 'percent' expects a value from 0 to 100"],
    [{ id: 'x' }, "Invalid parameter type for 'id', expected: integer"],
  ])('%o leaves its range: %s', (args, desc) => {
    expect(() => validate(ranged, args)).toThrow(desc);
  });

  it('takes both ends of a range', () => {
    expect(validate(ranged, { id: -(2 ** 31), percent: 100n })).toEqual({ id: -(2 ** 31), percent: 100n });
  });
});
