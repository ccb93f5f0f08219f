/**
 * Drivers that break the rules: a guest in a daemon sets up its disk wrongly. The device says so to the guest, the log
 * says what was wrong, and everything else goes on.
 */
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { assemble } from '../../core/riscv/assemble.ts';
import { eventually, qmpClient, startDaemon } from '../support/daemon.ts';
import { temporaryDirectory } from '../support/temporary.ts';

/** Of the last virtio slot, and its registers. */
const SLOT = 0x1000_8000;
const REGISTER = {
  DriverFeatures: 0x20,
  DriverFeaturesSel: 0x24,
  QueueNum: 0x38,
  QueueReady: 0x44,
  QueueNotify: 0x50,
  Status: 0x70,
  QueueDesc: 0x80,
  QueueDriver: 0x90,
  QueueDevice: 0xa0,
} as const;
const DEVICE_NEEDS_RESET = 0x40n;

const TABLE = 0x8010_0000;
const AVAILABLE = 0x8010_1000;
const USED = 0x8010_2000;
const BUFFER = 0x8010_3000;
const NEXT = 1;

/** A store of 4 or 8 bytes. */
type Store = readonly [bytes: 4 | 8, address: number, value: bigint];

/** Does the stores behind it one after the other; then waits until the device needs a reset, with its status in s2, and counts in s3. */
const PROGRAM = assemble(`
  auipc s0, 0
  addi s0, s0, 128
  next:
  lw t0, 0(s0)
  ld t1, 8(s0)
  ld t2, 16(s0)
  addi s0, s0, 24
  beq t0, zero, done
  addi t3, zero, 4
  beq t0, t3, word
  sd t2, 0(t1)
  jal zero, next
  word:
  sw t2, 0(t1)
  jal zero, next
  done:
  lui t1, 0x10008
  poll:
  lw s2, 112(t1)
  andi t0, s2, 64
  beq t0, zero, poll
  count:
  addi s3, s3, 1
  jal zero, count
`);
const STORES_OFFSET = 128;

function kernel(stores: readonly Store[]): Uint8Array {
  const image = Buffer.alloc(STORES_OFFSET + 24 * (stores.length + 1));
  image.set(PROGRAM);
  for (const [n, [bytes, address, value]] of stores.entries()) {
    const at = STORES_OFFSET + 24 * n;
    image.writeUInt32LE(bytes, at);
    image.writeBigUInt64LE(BigInt(address), at + 8);
    image.writeBigUInt64LE(value, at + 16);
  }
  return image;
}

const register = (name: keyof typeof REGISTER, value: number): Store => [4, SLOT + REGISTER[name], BigInt(value)];
const wide = (name: keyof typeof REGISTER, value: number): Store => [8, SLOT + REGISTER[name], BigInt(value)];

interface Descriptor {
  readonly address: number;
  readonly bytes: number;
  readonly flags?: number;
  readonly next?: number;
}

interface Setting {
  readonly size?: number;
  readonly table?: number;
  readonly descriptors?: readonly Descriptor[];
  readonly head?: number;
  /** What the available index moves on by. */
  readonly count?: number;
}

const HEADER: Descriptor = { address: BUFFER, bytes: 16 };

/** What a driver does up to its first request. */
const stores = ({ size = 8, table = TABLE, descriptors = [HEADER], head = 0, count = 1 }: Setting): Store[] => [
  register('Status', 1),
  register('Status', 3),
  register('DriverFeaturesSel', 1),
  register('DriverFeatures', 1),
  register('Status', 0xb),
  register('QueueNum', size),
  wide('QueueDesc', table),
  wide('QueueDriver', AVAILABLE),
  wide('QueueDevice', USED),
  register('QueueReady', 1),
  ...descriptors.flatMap(({ address, bytes, flags = 0, next = 0 }, n): Store[] => [
    [8, TABLE + 16 * n, BigInt(address)],
    [8, TABLE + 16 * n + 8, BigInt(bytes) | (BigInt(flags) << 32n) | (BigInt(next) << 48n)],
  ]),
  [4, AVAILABLE, BigInt(count) << 16n],
  [4, AVAILABLE + 4, BigInt(head)],
  register('Status', 0xf),
  register('QueueNotify', 0),
];

test.each<[string, Setting, string]>([
  ['a queue of size 0', { size: 0 }, 'queue 0: its size is 0, which is not a power of two from 1 to 1024'],
  ['a queue outside of RAM', { table: 0x1_0000 }, 'queue 0: its descriptor table at 0x10000 is not in RAM'],
  [
    'a chain that goes round',
    { descriptors: [{ ...HEADER, flags: NEXT, next: 0 }] },
    'queue 0: the chain at 0 does not end within 8 descriptors',
  ],
  [
    'a chain that goes on at no descriptor',
    { descriptors: [{ ...HEADER, flags: NEXT, next: 8 }] },
    'queue 0: the chain at 0 goes on at 8 of 8 descriptors',
  ],
  [
    'a buffer outside of RAM',
    { descriptors: [{ address: 0x2000_0000, bytes: 512 }] },
    'queue 0: the chain at 0 has 512 bytes at 0x20000000, which are not in RAM',
  ],
  [
    'a buffer of no bytes',
    { descriptors: [{ ...HEADER, bytes: 0 }] },
    'queue 0: the chain at 0 has a buffer of no bytes',
  ],
  [
    'a request that is too short',
    { descriptors: [{ ...HEADER, bytes: 4 }] },
    'a request has 4 bytes to read and 0 to write: too few for a header',
  ],
  ['a head that is no descriptor', { head: 8 }, 'queue 0: head 8 is not a descriptor: its size is 8'],
  ['an index that runs away', { count: 9 }, 'queue 0: its available index has moved ahead by 9, and its size is 8'],
])('%s', async (_, setting, complaint) => {
  const directory = temporaryDirectory();
  const path = (name: string): string => join(directory, name);
  writeFileSync(path('kernel'), kernel(stores(setting)));
  writeFileSync(path('disk'), '');
  truncateSync(path('disk'), 4096);
  const daemon = startDaemon([
    ...['-display', 'none', '-kernel', path('kernel'), '-D', path('log')],
    ...['-drive', `if=none,id=d0,file=${path('disk')},format=raw`, '-device', 'virtio-blk-device,drive=d0,id=disk0'],
    ...['-qmp', `unix:${path('qmp')},server=on,wait=off`],
  ]);
  const client = await qmpClient(path('qmp'));
  const human = (line: string): Promise<unknown> =>
    client.execute('human-monitor-command', { 'command-line': line }) as Promise<unknown>;

  await eventually(async () => {
    const { broken } = (await client.execute('x-query-virtio-status', { path: 'disk0' })) as { broken: boolean };
    return broken;
  });
  // The guest has seen it, and runs on.
  await eventually(async () => BigInt(String(await human('p/x $s3')).trim()) > 0n);
  expect(BigInt(String(await human('p/x $s2')).trim()) & DEVICE_NEEDS_RESET).toBe(DEVICE_NEEDS_RESET);
  await eventually(() => readFileSync(path('log'), 'utf8').includes(`virtio-blk: ${complaint}`));
  expect(await client.execute('query-status')).toMatchObject({ status: 'running' });
  await client.execute('quit');
  expect(await daemon.ended).toBe(0);
});
