/** A client that knows nothing but what `query-qmp-schema` tells, on a machine that runs. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Infer } from '../../schema/build.ts';
import type { SchemaInfo } from '../../schema/types/introspection.ts';
import { qmpClient, startDaemon } from '../support/daemon.ts';
import { testFile } from '../support/guest-machine.ts';
import { temporaryDirectory } from '../support/temporary.ts';

type Info = Infer<typeof SchemaInfo>;

/** What is wrong with `value` by the type called `name`: a line each, with where it is. */
function complaints(types: ReadonlyMap<string, Info>, name: string, value: unknown, at: string): readonly string[] {
  const type = types.get(name)!;
  switch (type['meta-type']) {
    case 'builtin': {
      const wanted = type['json-type'];
      if (wanted === 'value') return [];
      if (wanted === 'int') return Number.isInteger(value) ? [] : [`${at} is no integer`];
      return typeof value === wanted ? [] : [`${at} is no ${wanted}`];
    }
    case 'enum':
      return type.members!.some((member) => member.name === value) ? [] : [`${at} is ${value}`];
    case 'array':
      if (!Array.isArray(value)) return [`${at} is no array`];
      return value.flatMap((item, n) => complaints(types, type['element-type']!, item, `${at}[${n}]`));
    default: {
      const object = value as Readonly<Record<string, unknown>>;
      const tag = type.tag === undefined ? undefined : object[type.tag];
      const variant = type.variants?.find((each) => each.case === tag);
      const members = [...type.members!, ...(variant === undefined ? [] : types.get(variant.type)!.members!)];
      const unknown = Object.keys(object).filter((key) => !members.some((member) => member.name === key));
      return [
        ...unknown.map((key) => `${at}.${key} is not described`),
        ...members.flatMap((member) => {
          if (object[member.name] !== undefined)
            return complaints(types, member.type!, object[member.name], `${at}.${member.name}`);
          return 'default' in member ? [] : [`${at}.${member.name} is missing`];
        }),
      ];
    }
  }
}

test('every query that needs no arguments returns what the schema says', async () => {
  const path = join(temporaryDirectory(), 'qmp');
  const guest = ['-display', 'none', '-smp', '2', '-kernel', testFile('guests/bin/spin.elf'), '-instr', 'icount'];
  startDaemon([...guest, '-qmp', `unix:${path},server=on,wait=off`]);
  const client = await qmpClient(path);
  const entries = await client.execute<readonly Info[]>('query-qmp-schema');
  const types = new Map(
    entries.filter((info) => !['command', 'event'].includes(info['meta-type'])).map((info) => [info.name, info]),
  );
  const queries = entries.filter(
    (info) =>
      info['meta-type'] === 'command' &&
      info.name.startsWith('query-') &&
      types.get(info['arg-type']!)!.members!.every((member) => 'default' in member),
  );
  expect(queries.length).toBeGreaterThan(20);
  const failed: string[] = [];
  for (const { name, 'ret-type': returned } of queries) {
    const reply = await client.ask(name);
    if (reply.error !== undefined) failed.push(`${name}: ${reply.error.desc}`);
    else expect(complaints(types, returned!, reply.return, name)).toEqual([]);
  }
  expect(failed).toEqual(["query-hotpluggable-cpus: The feature 'query-hotpluggable-cpus' is not enabled"]);
});
