/** Snapshots in a folder: what is kept, what is refused, and what a bit in the wrong place does. */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { SnapshotFolder } from '../../../../server/snapshots/store.ts';
import { FakeMachine } from '../../../support/fakes/fake-machine.ts';
import { KeptSnapshot } from '../../../support/fakes/kept-snapshot.ts';
import { Random, SEED } from '../../../support/random.ts';
import { temporaryDirectory } from '../../../support/temporary.ts';

const RAM = 0x8000_0000n;
const NOW = new Date(2026, 10, 25, 13, 28, 14);

async function start(machine = new FakeMachine()) {
  const folder = join(temporaryDirectory(), 'snapshots');
  const store = await SnapshotFolder.open(folder, machine.snapshots, new Map(), () => NOW);
  const path = (tag: string): string => join(folder, `${tag}.snapshot`);
  const byte = (): number => machine.memory.readPhysical(RAM, 1)![0]!;
  const setByte = (value: number): void => void machine.memory.writePhysical(RAM, Uint8Array.of(value));
  return { machine, folder, store, path, byte, setByte };
}

test('what was saved is loaded, under its tag, until it is removed', async () => {
  const { store, byte, setByte, folder, machine } = await start();
  setByte(1);
  await store.save('one', false);
  setByte(2);
  await store.save(undefined, false);
  setByte(3);
  await store.load('one');
  expect(byte()).toBe(1);
  await store.load('vm-20261125132814');
  expect(byte()).toBe(2);
  expect(machine.runState).toBe('running');
  const list = await store.list();
  expect(list).toEqual(
    ['one', 'vm-20261125132814'].map((tag) => ({
      tag,
      bytes: statSync(join(folder, `${tag}.snapshot`)).size,
      date: NOW.getTime(),
      clock: 1_500_000_000n,
    })),
  );
  await store.remove('one');
  await store.remove('one');
  expect((await store.list()).map(({ tag }) => tag)).toEqual(['vm-20261125132814']);
  await expect(store.load('one')).rejects.toThrow("Snapshot 'one' does not exist in one or more devices");
});

test('nobody else may read it, and nothing is left beside it', async () => {
  const { store, folder, path } = await start();
  await store.save('one', false);
  expect(statSync(path('one')).mode & 0o777).toBe(0o600);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  expect(readdirSync(folder)).toEqual(['one.snapshot']);
});

test('there is another one of its tag only where that is asked for', async () => {
  const { store, byte, setByte } = await start();
  setByte(1);
  await store.save('one', false);
  setByte(2);
  await expect(store.save('one', false)).rejects.toThrow("Snapshot 'one' already exists in one or more devices");
  await store.load('one');
  expect(byte()).toBe(1);
  setByte(2);
  await store.save('one', true);
  setByte(3);
  await store.load('one');
  expect(byte()).toBe(2);
});

test('what cannot be written leaves what was there', async () => {
  const { store, machine, folder, path } = await start();
  await store.save('one', false);
  const before = readFileSync(path('one'));
  machine.snapshots.save = async (sink) => {
    await sink.begin({ configuration: {}, sections: [], clock: 0n });
    throw new Error('a disk has failed');
  };
  await expect(store.save('one', true)).rejects.toThrow("Snapshot 'one': a disk has failed");
  expect(readFileSync(path('one'))).toEqual(before);
  expect(readdirSync(folder)).toEqual(['one.snapshot']);
});

test.each(['', '.', '..', 'a/b', '.hidden', '-x', 'a b', 'a\0', 'ä', 'x'.repeat(129)])('%j is no tag', async (tag) => {
  const { store, folder } = await start();
  const refusal = `'${tag}' cannot be a tag: letters, digits, '_', '.' and '-' can, up to 128, no '.' or '-' first`;
  await expect(store.save(tag, true)).rejects.toThrow(refusal);
  await expect(store.load(tag)).rejects.toThrow(refusal);
  await expect(store.remove(tag)).rejects.toThrow(refusal);
  expect(readdirSync(folder)).toEqual([]);
});

test('a folder that cannot be had is an error of the user', async () => {
  const file = join(temporaryDirectory(), 'file');
  writeFileSync(file, '');
  const { snapshots } = new FakeMachine();
  await expect(SnapshotFolder.open(file, snapshots, new Map())).rejects.toThrow(
    `-snapshots ${file}: File already exists`,
  );
});

test('files that are no snapshots are not in the list', async () => {
  const { store, folder, path } = await start();
  await store.save('one', false);
  writeFileSync(join(folder, 'notes.txt'), 'x');
  writeFileSync(path('empty'), '');
  writeFileSync(path('strange'), 'something else altogether');
  writeFileSync(path('-x'), readFileSync(path('one')));
  expect((await store.list()).map(({ tag }) => tag)).toEqual(['one']);
  await expect(store.load('empty')).rejects.toThrow("Snapshot 'empty': it ends too early");
  await expect(store.load('strange')).rejects.toThrow("Snapshot 'strange': it is not a snapshot");
});

test('requests are done one after the other', async () => {
  const { store, setByte, byte } = await start();
  setByte(1);
  const saved = store.save('one', false);
  await Promise.all([saved, store.load('one'), store.remove('one'), store.list()]);
  expect(byte()).toBe(1);
  expect(await store.list()).toEqual([]);
});

describe('a file that is not what was written', () => {
  /** A store with the snapshot `one`, whose file can be changed: each time what was written. */
  async function saved() {
    const { store, path, machine, byte, setByte } = await start();
    setByte(1);
    await store.save('one', false);
    setByte(2);
    const written = readFileSync(path('one'));
    const events: string[] = [];
    machine.onEvent(({ name }) => void events.push(name));
    return {
      bytes: written.length,
      change: (change: (bytes: Buffer) => Uint8Array) => writeFileSync(path('one'), change(Buffer.from(written))),
      load: () => store.load('one'),
      byte,
      events,
    };
  }
  async function changed(change: (bytes: Buffer) => Uint8Array) {
    const one = await saved();
    one.change(change);
    return one;
  }

  test(`is refused wherever a bit is wrong, and nothing has happened (seed ${SEED})`, async () => {
    const random = new Random(SEED);
    const { bytes, change, load, byte, events } = await saved();
    for (let round = 0; round < 500; round++) {
      // The beginning as often as all the rest.
      const place = random.below(random.chance(50) ? 64 : bytes);
      change((all) => {
        all[place]! ^= 1 << random.below(8);
        return all;
      });
      await expect(load(), `byte ${place}`).rejects.toThrow(/^Snapshot 'one': it /);
      expect([byte(), events]).toEqual([2, []]);
    }
  });

  test(`is refused wherever it ends too early (seed ${SEED})`, async () => {
    const random = new Random(SEED);
    const { bytes, change, load, byte } = await saved();
    for (let round = 0; round < 100; round++) {
      change((all) => all.subarray(0, random.below(bytes)));
      await expect(load()).rejects.toThrow("Snapshot 'one': it ends too early");
      expect(byte()).toBe(2);
    }
  });

  test('is refused where it goes on', async () => {
    const { load } = await changed((bytes) => Buffer.concat([bytes, Buffer.of(0)]));
    await expect(load()).rejects.toThrow(/^Snapshot 'one': it goes on behind its end at byte \d+$/);
  });

  test('is refused where it has another version', async () => {
    const { load } = await changed((bytes) => {
      bytes.writeUInt32LE(2, 12);
      return bytes;
    });
    await expect(load()).rejects.toThrow("Snapshot 'one': it has version 2, and this program reads 1");
  });

  test('is refused where records are left out, doubled or exchanged', async () => {
    const recordsOf = (bytes: Buffer): Buffer[] => {
      const records: Buffer[] = [];
      for (let at = 16; at < bytes.length; ) {
        const end = at + 16 + bytes.readUInt32LE(at + 8);
        records.push(bytes.subarray(at, end));
        at = end;
      }
      return records;
    };
    for (const order of [[0, 2], [1, 2], [0, 1, 1, 2], [0, 0, 1, 2], [0, 1, 2, 2], [1, 0, 2], [0, 2, 1], [2]]) {
      const { load } = await changed((bytes) => {
        const records = recordsOf(bytes);
        expect(records.length).toBe(3);
        return Buffer.concat([bytes.subarray(0, 16), ...order.map((index) => records[index]!)]);
      });
      await expect(load(), `${order}`).rejects.toThrow(/^Snapshot 'one': it /);
    }
  });

  type ForgedRecord = readonly [section: number, piece: number, contents: Uint8Array];
  /** A file with checksums that are right. */
  function forged(records: readonly ForgedRecord[]): Buffer {
    let checksum = 0;
    const parts = records.map(([section, piece, contents]) => {
      const header = Buffer.alloc(16);
      header.writeUInt32LE(section, 0);
      header.writeUInt32LE(piece, 4);
      header.writeUInt32LE(contents.length, 8);
      checksum = crc32(contents, crc32(header.subarray(0, 12), checksum));
      header.writeUInt32LE(checksum, 12);
      return Buffer.concat([header, contents]);
    });
    return Buffer.concat([Buffer.from('vivarium-vm\n\x01\0\0\0', 'latin1'), ...parts]);
  }
  const head = (contents: Uint8Array): ForgedRecord => [0xffff_ffff, 0, contents];
  const END: ForgedRecord = [0xffff_fffe, 0, new Uint8Array(0)];
  const packed = (text: string): Buffer => zstdCompressSync(text);

  const CUT = /: it has contents that cannot be unpacked$/;
  const STRANGE = /: it begins with what no program of this kind has written$/;
  test.each([
    { what: 'with nothing in it', records: [END], refusal: /^Snapshot 'one': it is damaged at byte 16$/ },
    { what: 'whose head is not packed', records: [head(Buffer.from('{}')), END], refusal: CUT },
    { what: 'whose head is not JSON', records: [head(packed('?')), END], refusal: STRANGE },
    { what: 'whose head says nothing', records: [head(packed('{}')), END], refusal: STRANGE },
    { what: 'whose head is huge', records: [head(packed(' '.repeat(1 << 24))), END], refusal: CUT },
  ])('is refused when it is one $what', async ({ records, refusal }) => {
    const { load } = await changed(() => forged(records));
    await expect(load()).rejects.toThrow(refusal);
  });
});

test('pieces are packed: what is alike takes little', async () => {
  const machine = new FakeMachine({ ramBytes: 1 << 18 });
  const { store, path } = await start(machine);
  await store.save('one', false);
  expect(statSync(path('one')).size).toBeLessThan(1 << 12);
});

test('many pieces come in order', async () => {
  const { store, machine, folder } = await start();
  const random = new Random(SEED);
  const sections = [{ name: 'RAM', form: 'bytes', bytes: 48 << 18 }];
  const kept = Array.from({ length: 48 }, (_, piece) => ({
    section: 0,
    offset: piece << 18,
    bytes: new Uint8Array(1 << 18).fill(piece).map((byte, index) => (index < 1000 * piece ? random.word() : byte)),
  }));
  machine.snapshots.save = async (sink) => {
    await sink.begin({ configuration: { a: 'b' }, sections, clock: 7n });
    for (const piece of kept) await sink.take(piece);
  };
  await store.save('one', false);
  const found = new KeptSnapshot();
  machine.snapshots.restore = async (source) => {
    await found.begin(source.head);
    for await (const piece of source.pieces()) await found.take(piece);
  };
  await store.load('one');
  expect(found.head).toMatchObject({ configuration: { a: 'b' }, sections, clock: 7n });
  expect(found.kept.length).toBe(kept.length);
  for (const [index, { section, offset, bytes }] of found.kept.entries()) {
    expect([section, offset]).toEqual([0, kept[index]!.offset]);
    expect(Buffer.compare(bytes, kept[index]!.bytes)).toBe(0);
  }
  expect(existsSync(join(folder, 'one.snapshot'))).toBe(true);
});
