/** Loads that are refused: each says why in one line, nothing of it stays, and the guest runs on. */
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { InstrumentationError, type Machine } from '../../../core/machine/interface.ts';
import { type GuestOptions, guestMachine } from '../../support/guest-machine.ts';
import { pluginFile } from '../../support/plugin-file.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

/** Two vCPUs that never pause. */
async function spinning(options: Partial<GuestOptions> = {}): Promise<Machine> {
  const { machine, printed } = await guestMachine({ kernel: 'guests/bin/spin.elf', smp: 2, ...options });
  await machine.cont();
  await printed('spin: 2 harts');
  return machine;
}

/** Every vCPU has something to do all the time. */
async function expectRunning(machine: Machine): Promise<void> {
  const retired = () => machine.codeStatistics().map(({ instructions }) => instructions);
  const before = retired();
  await expect.poll(() => retired().every((now, vcpu) => now > before[vcpu]!)).toBe(true);
}

/** Of the module, behind `Error loading library: FILE: `. */
// biome-ignore format: a case a line
const MODULES: readonly (readonly [source: string, reason: string])[] = [
  ['', 'its default export is not a plugin: expected plugin(...)'],
  ['export default 5', 'its default export is not a plugin: expected plugin(...)'],
  ['export default null', 'its default export is not a plugin: expected plugin(...)'],
  ['export default () => {}', 'its default export is not a plugin: expected plugin(...)'],
  ['export default {}', 'its `name` is missing: expected a string'],
  ['export default { name: 5 }', 'its `name` is number: expected a string'],
  [`export default { name: 'x', doc: null }`, 'its `doc` is null: expected a string'],
  [`export default { name: 'x', doc: '' }`, 'its `translate` is missing: expected a function'],
  [`export default { name: 'x', doc: '', translate: {} }`, 'its `translate` is object: expected a function'],
  [`export default { name: 'x', doc: '', translate() {}, report: 1 }`, 'its `report` is number: expected a function'],
  [`export default { name: 'x', doc: '', translate() {}, counters: null }`, 'its `counters` is null: expected an object'],
  [`export default { name: 'x', doc: '', translate() {}, options: {} }`, 'its `options` are no schema: expected struct(...)'],
  [`export default { name: 'x', doc: '', translate() {}, options: null }`, 'its `options` are no schema: expected struct(...)'],
  ['export default plugin(', "line 2: SyntaxError: Expression expected"],
  ['\nenum Colour { red }', 'line 3: SyntaxError: TypeScript enum is not supported'],
  [`throw new Error('two\\nlines')`, 'Error: two'],
  [`throw 'a string'`, 'a string'],
  [`await Promise.reject(new RangeError('later'))`, 'RangeError: later'],
  [`import './nosuch.ts'`, 'Error: Cannot find module '],
  [`import 'nosuch'`, `Error: Cannot find package 'nosuch'`],
  [`import { nosuch } from 'vivarium/plugin'`, 'line 2: SyntaxError: '],
];

/** A plugin with options of each kind. */
const OPTIONS = `
export default plugin('options', {
  doc: '',
  options: struct('Options', { size: int(), name: optional(str()) }),
  translate() {},
});
`;

/** Of its arguments, behind `Library initialization returned non-zero: FILE: `. */
const ARGUMENTS: readonly (readonly [words: readonly string[], reason: string])[] = [
  [[], "argument 'size' is missing"],
  [['size=1', 'colour=red'], "unknown argument 'colour': expected one of size, name"],
  [['size=1', '=2'], "unknown argument '': expected one of size, name"],
  [['size=large'], "argument 'size': 'large' is not an integer"],
  [['size'], "argument 'size': 'on' is not an integer"],
  [['size=1', 'size=2'], "argument 'size' is given twice"],
  [['size=1', '__proto__=2'], "unknown argument '__proto__': expected one of size, name"],
];

/** Of what it asks for when it is prepared, behind the same. */
const INITIALIZATIONS: readonly (readonly [members: string, reason: string])[] = [
  ['filter: () => undefined', 'its filter is undefined: expected an object'],
  ['filter: () => ({ vcpus: 1 })', '`vcpus` of its filter: expected a list of numbers'],
  ['filter: () => ({ vcpus: [0, 9] })', 'there is no vCPU 9: expected one from 0 to 1'],
  ['filter: () => ({ vcpus: [-1] })', 'there is no vCPU -1: expected one from 0 to 1'],
  ['filter: () => ({ range: { from: 1 } })', '`range` of its filter: expected bigints `from` and `to`'],
  [
    `filter: () => ({ classes: ['laod'] })`,
    '`classes` of its filter: expected a list of alu, float, load, store, atomic, branch, jump, fence, system',
  ],
  [`state() { throw 'not an error' }`, 'not an error'],
  ['state() { throw null }', 'null'],
];

test('a module that is no plugin, arguments that it does not take, and an initialization that fails', async () => {
  const machine = await spinning();
  const { instrumentation } = machine;
  const directory = temporaryDirectory();
  mkdirSync(join(directory, 'folder.ts'));

  const refusal = async (path: string, args: readonly string[] = []): Promise<string> => {
    const error = await instrumentation.load(path, { args }).then(
      (id) => new Error(`loaded as ${id}`),
      (reason) => reason,
    );
    expect(error).toBeInstanceOf(InstrumentationError);
    expect(error.message).not.toContain('\n');
    return error.message.replace(`: ${path}: `, ': FILE: ');
  };

  const loading = 'Error loading library: FILE: ';
  expect(await refusal(join(directory, 'nosuch.ts'))).toBe(`${loading}No such file or directory`);
  expect(await refusal(join(directory, 'folder.ts'))).toBe(`${loading}not a file`);
  expect(await refusal('')).toBe(`${loading}not a file`);
  for (const [source, reason] of MODULES) expect(await refusal(pluginFile(source)), source).toContain(loading + reason);

  const initialization = 'Library initialization returned non-zero: FILE: ';
  const options = pluginFile(OPTIONS);
  for (const [words, reason] of ARGUMENTS)
    expect(await refusal(options, words), words.join()).toBe(initialization + reason);
  for (const [members, reason] of INITIALIZATIONS) {
    const path = pluginFile(`export default plugin('p', { doc: '', options: nothing, translate() {}, ${members} });`);
    expect(await refusal(path), members).toBe(initialization + reason);
  }

  expect(await instrumentation.query()).toEqual([]);
  await expectRunning(machine);
});

test('an id that is taken, whoever has taken it; ids given in turn pass it over', async () => {
  const { instrumentation } = await spinning();
  expect(await instrumentation.load('icount', { id: 'lib0' })).toBe('lib0');
  await expect(instrumentation.load('hotblocks', { id: 'lib0' })).rejects.toThrow('Library ID exists');
  expect(await instrumentation.load('icount')).toBe('lib1');
  await instrumentation.unload('lib0');
  await expect(instrumentation.unload('lib0')).rejects.toThrow(new InstrumentationError('Unknown library ID'));
  expect(await instrumentation.load('memtrace', { id: 'lib0' })).toBe('lib0');
  expect(await instrumentation.load('icount')).toBe('lib2');
  expect((await instrumentation.query()).map(({ id, name }) => [id, name])).toEqual([
    ['lib1', 'icount'],
    ['lib0', 'memtrace'],
    ['lib2', 'icount'],
  ]);
});

test('a file that has been changed is loaded as it is now', async () => {
  const { instrumentation } = await spinning();
  const path = pluginFile('export default plugin(');
  await expect(instrumentation.load(path)).rejects.toThrow('SyntaxError');
  const versions = ['one', 'two'];
  for (const [age, version] of versions.entries()) {
    writeFileSync(path, `export default { name: '${version}', doc: '', translate() {}, report: () => '${version}' };`);
    utimesSync(path, age, age);
    await instrumentation.load(path, { id: version });
  }
  expect((await instrumentation.query()).map(({ report }) => report)).toEqual(versions);
});

test('plain JavaScript that imports nothing will do', async () => {
  const { instrumentation } = await spinning();
  const path = join(temporaryDirectory(), 'plugin.mjs');
  writeFileSync(
    path,
    `export default { name: 'p', doc: '', counters: { n: '' }, translate: (b, p) => p.count(b, p.named('n'), 2) };`,
  );
  const id = await instrumentation.load(path);
  const count = async () => (await instrumentation.query())[0]!.counters.n!;
  await expect.poll(count).toBeGreaterThan(1000n);
  expect(id).toBe('lib0');
});

test('a top level that never ends, everywhere or on one vCPU, is given up', async () => {
  await Promise.all(
    ['true', 'workerData.index === 1'].map(async (where) => {
      const machine = await spinning({ patienceMs: 1500 });
      const path = pluginFile(`
        import { workerData } from 'node:worker_threads';
        if (${where}) await new Promise(() => {});
        export default plugin('p', { doc: '', options: nothing, translate() {} });
      `);
      await expect(machine.instrumentation.load(path)).rejects.toThrow(
        'its top level has not come to an end within 1.5 seconds',
      );
      expect(await machine.instrumentation.query()).toEqual([]);
      await expectRunning(machine);
      await machine.instrumentation.load('icount');
    }),
  );
});
