/** Guest memory that is written to files. */
import { describe, expect, it } from 'vitest';
import { FakeMachine } from '../../support/fakes/fake-machine.ts';
import { daemon, failure, lines, NOW } from './session.ts';

const ask = (name: string, args: object): string => JSON.stringify({ execute: name, arguments: args });
const OK = '{"return": {}}';

describe('memsave and pmemsave', () => {
  it('write what is there, by virtual and by physical address', async () => {
    const { client, host, machine } = daemon();
    const session = await client();
    machine.memory.writePhysical(0x8000_1000n, Uint8Array.of(1, 2, 3, 4));
    await session.ask('{"execute": "memsave", "arguments": {"val": 18446744071562072064, "size": 4, "filename": "v"}}');
    await session.ask(ask('memsave', { val: -0x7fff_f000, size: 2, filename: 'negative', 'cpu-index': 1 }));
    await session.ask(ask('pmemsave', { val: 0x8000_1001, size: 2, filename: 'p' }));
    await session.ask(ask('pmemsave', { val: 0x8000_0000, size: 0, filename: 'empty' }));
    expect([...host.files].map(([path, bytes]) => [path, [...bytes]])).toEqual([
      ['v', [1, 2, 3, 4]],
      ['negative', [1, 2]],
      ['p', [2, 3]],
      ['empty', []],
    ]);
  });

  it('write more than one part', async () => {
    const { client, host, machine } = daemon(new FakeMachine({ ramBytes: (2 << 20) + 5 }));
    const session = await client();
    await session.ask(ask('pmemsave', { val: 0x8000_0000, size: (2 << 20) + 5, filename: 'all' }));
    expect(host.files.get('all')).toEqual(Buffer.from(machine.memory.readPhysical(0x8000_0000n, (2 << 20) + 5)!));
  });

  it.each([
    [ask('memsave', { val: 16, size: 100, filename: 'f' }), 'Invalid addr 0x0000000000000010/size 100 specified'],
    [ask('memsave', { val: -1, size: 10, filename: 'f' }), 'Invalid addr 0xffffffffffffffff/size 10 specified'],
    [
      ask('pmemsave', { val: 0x8000_fff0, size: 32, filename: 'f' }),
      'Invalid addr 0x000000008000fff0/size 32 specified',
    ],
    [
      ask('memsave', { val: 0x8000_0000, size: 1, filename: 'f', 'cpu-index': 7 }),
      "Parameter 'cpu-index' expects a CPU number",
    ],
    [ask('pmemsave', { val: 0x8000_0000, filename: 'f' }), "Parameter 'size' is missing"],
  ])('%s', async (request, desc) => {
    const session = await daemon().client();
    expect(lines(await session.ask(request))).toEqual([failure(desc)]);
  });
});

describe('dump-guest-memory', () => {
  const dump = (more: object = {}): string =>
    ask('dump-guest-memory', { paging: false, protocol: 'file:core', ...more });
  const completed = (bytes: number): string =>
    `{${NOW}, "event": "DUMP_COMPLETED", "data": {"result": {"status": "completed", "completed": ${bytes}, "total": ${bytes}}}}`;
  const ALL = 0x1000 + 0x10000;

  it('stops the guest meanwhile, and tells of its end', async () => {
    const { client, host } = daemon();
    const session = await client();
    expect(lines(await session.ask(dump()))).toEqual([
      `{${NOW}, "event": "STOP"}`,
      completed(ALL),
      `{${NOW}, "event": "RESUME"}`,
      OK,
    ]);
    expect(lines(await session.ask('{"execute": "query-dump"}'))).toEqual([
      `{"return": {"status": "completed", "completed": ${ALL}, "total": ${ALL}}}`,
    ]);
    expect(host.files.get('core')!.subarray(0, 4)).toEqual(Buffer.from('\x7fELF', 'latin1'));
  });

  it('leaves a guest that stands as it is', async () => {
    const session = await daemon(new FakeMachine({ runState: 'paused' })).client();
    expect(lines(await session.ask(dump({ begin: 0x8000_8000, length: 0x100000 })))).toEqual([completed(0x8000), OK]);
  });

  it('shows virtual addresses over the same bytes', async () => {
    const { client, host } = daemon(new FakeMachine({ runState: 'paused' }));
    const session = await client();
    await session.ask(dump({ paging: true }));
    const core = host.files.get('core')!;
    const segments = Array.from({ length: core.readUInt16LE(56) }, (_, n) => {
      const at = 64 + 56 * n;
      return [core.readUInt32LE(at), ...[8, 16, 24, 32].map((offset) => core.readBigUInt64LE(at + offset))] as const;
    });
    const [, , ram, kernel] = segments;
    expect(segments.map(([type, , virtual, physical, bytes]) => [type, virtual, physical, bytes])).toEqual([
      [4, 0n, 0n, 2n * 396n],
      [1, 0x1000n, 0x1000n, 0x1000n],
      [1, 0x8000_0000n, 0x8000_0000n, 0x10000n],
      [1, 0xffff_ffff_8000_0000n, 0x8000_0000n, 0x10000n],
    ]);
    expect(kernel![1]).toBe(ram![1]);
  });

  it('returns at once where that is asked for, and does not begin another one', async () => {
    const { client, host } = daemon();
    const session = await client();
    let resume = (): void => {};
    host.writeFile = async (_path, parts) => {
      await new Promise<void>((resolve) => {
        resume = resolve;
      });
      for await (const _ of parts);
    };
    expect(lines(await session.ask(dump({ detach: true })))).toContain(OK);
    expect(lines(await session.ask('{"execute": "query-dump"}'))).toEqual([
      `{"return": {"status": "active", "completed": 0, "total": ${ALL}}}`,
    ]);
    expect(lines(await session.ask(dump()))).toEqual([failure('There is a dump in process, please wait.')]);
    resume();
    await expect.poll(() => session.sent).toContain('"status": "completed"');
  });

  it('tells of a failure, and lets the guest run on', async () => {
    const { client, host, machine } = daemon();
    const session = await client();
    host.writeFile = async (_path, parts) => {
      for await (const _ of parts) throw new Error('No space left on device');
    };
    expect(lines(await session.ask(dump())).slice(1)).toEqual([
      `{${NOW}, "event": "DUMP_COMPLETED", "data": {"result": {"status": "failed", "completed": 0, "total": ${ALL}}, "error": "No space left on device"}}`,
      `{${NOW}, "event": "RESUME"}`,
      failure('No space left on device'),
    ]);
    expect(machine.runState).toBe('running');
  });

  it('has not been where the file cannot be opened', async () => {
    const { client, host } = daemon();
    const session = await client();
    host.writeFile = () => Promise.reject(new Error('no'));
    expect(lines(await session.ask(dump()))).toEqual([failure('no')]);
    expect(lines(await session.ask('{"execute": "query-dump"}'))).toEqual([
      '{"return": {"status": "none", "completed": 0, "total": 0}}',
    ]);
  });

  it.each([
    [dump({ begin: 0 }), "Parameter 'length' is missing"],
    [dump({ length: 0 }), "Parameter 'begin' is missing"],
    [dump({ begin: 0x5000, length: 0x1000 }), 'dump: no guest memory to dump'],
    [dump({ protocol: 'foo:x' }), "Invalid parameter 'protocol'"],
    [dump({ protocol: 'fd:foo' }), "File descriptor named 'foo' has not been found"],
    [dump({ format: 'kdump-zlib' }), "Parameter 'format' does not accept value 'kdump-zlib'"],
  ])('%s', async (request, desc) => {
    const session = await daemon().client();
    expect(lines(await session.ask(request))).toEqual([failure(desc)]);
  });
});

it('can all be had from the human monitor', async () => {
  const { human, host } = daemon();
  expect(await human('memsave 0x80000000 8 "a b"')).toBe('');
  expect(await human('pmemsave 0x80000000 8 p')).toBe('');
  expect(await human('pmemsave 0 8 p')).toBe('Error: Invalid addr 0x0000000000000000/size 8 specified\n');
  expect(await human('dump-guest-memory -p core')).toBe('');
  expect([...host.files].map(([path, { length }]) => [path, length])).toEqual([
    ['a b', 8],
    ['p', 8],
    ['core', expect.any(Number)],
  ]);
});
