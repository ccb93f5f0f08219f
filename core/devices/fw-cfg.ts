/**
 * QEMU's firmware configuration device: items of bytes, chosen by key, that tell firmware and kernel about the machine.
 * QEMU documentation, "QEMU Firmware Configuration (fw_cfg) Device". Everything is big-endian but the numbers in items.
 *
 * Items are read only. An item is read byte by byte through the data register, or copied into RAM at once (DMA).
 */
import { struct, u16, u32, type View } from '../memory/struct.ts';
import { device } from './device.ts';
import type { Dma } from './dma.ts';

/** Keys of items that have one of their own; those with a name follow from `FILE_FIRST` on, as the directory says. */
export const FW_CFG = {
  SIGNATURE: 0x00,
  ID: 0x01,
  NB_CPUS: 0x05,
  FILE_DIR: 0x19,
  FILE_FIRST: 0x20,
} as const;

/** Bits of the item ID: the data register, and DMA. */
const ID = { traditional: 1, dma: 2 } as const;
/** What the DMA address register reads, so that it can be recognized. */
const DMA_SIGNATURE = 'QEMU CFG';
/** Bits of the control word of a DMA request; SELECT takes a key from its upper half. */
const CONTROL = { error: 0x01, read: 0x02, skip: 0x04, select: 0x08, write: 0x10, keyShift: 16 } as const;
const REQUEST_BYTES = 16;
/** Bytes of a name in the directory, with at least one zero at its end. */
export const FILE_NAME_BYTES = 56;
/** A key without the bit that asks for writing, which is gone from the interface. */
const KEY_MASK = 0xbfff;
/** Bytes that are copied at a time. */
const PIECE_BYTES = 0x1_0000;

export interface FwCfgFile {
  /** No more than 55 bytes of ASCII, such as `opt/org.example/seed`. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Items by key. */
export type FwCfgItems = ReadonlyMap<number, Uint8Array>;

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

function littleEndian(value: number, bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, index) => value >>> (8 * index));
}

/** The directory: a count, then size, key and name of each file. */
function directoryOf(files: readonly FwCfgFile[]): Uint8Array {
  const entryBytes = 8 + FILE_NAME_BYTES;
  const bytes = new Uint8Array(4 + files.length * entryBytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, files.length);
  for (const [index, file] of files.entries()) {
    const at = 4 + index * entryBytes;
    view.setUint32(at, file.bytes.length);
    view.setUint16(at + 4, FW_CFG.FILE_FIRST + index);
    bytes.set(ascii(file.name), at + 8);
  }
  return bytes;
}

/**
 * Everything that the device of a machine has to say.
 * @param files in any order; they get their keys by the order of their names
 */
export function fwCfgItems(harts: number, files: readonly FwCfgFile[]): FwCfgItems {
  const sorted = files.toSorted((one, other) => (one.name < other.name ? -1 : 1));
  return new Map([
    [FW_CFG.SIGNATURE, ascii('QEMU')],
    [FW_CFG.ID, littleEndian(ID.traditional | ID.dma, 4)],
    [FW_CFG.NB_CPUS, littleEndian(harts, 2)],
    [FW_CFG.FILE_DIR, directoryOf(sorted)],
    ...sorted.map(({ bytes }, index): [number, Uint8Array] => [FW_CFG.FILE_FIRST + index, bytes]),
  ]);
}

const state = struct({
  key: u16,
  /** Of the next byte within the item. */
  offset: u32,
  /** Upper half of a DMA address of which the lower one has yet to come. */
  addressHigh: u32,
});
type State = View<typeof state.fields>;

export interface FwCfgPins {
  readonly dma: Dma;
}

const NOTHING = new Uint8Array(0);

/** A value in the opposite order of bytes. */
function swapped(value: bigint, bytes: number): bigint {
  let result = 0n;
  for (let index = 0; index < bytes; index++) result = (result << 8n) | ((value >> BigInt(8 * index)) & 0xffn);
  return result;
}

/** @param items see `fwCfgItems` */
export function fwCfg(items: FwCfgItems) {
  function select(state: State, key: number): void {
    state.key = key;
    state.offset = 0;
  }

  /** The next bytes of the item, and zeros behind its end. */
  function take(state: State, bytes: number): Uint8Array {
    const item = items.get(state.key & KEY_MASK) ?? NOTHING;
    const taken = new Uint8Array(bytes);
    taken.set(item.subarray(state.offset, state.offset + bytes));
    skip(state, bytes);
    return taken;
  }

  function skip(state: State, bytes: number): void {
    state.offset = Math.min(state.offset + bytes, 0xffff_ffff);
  }

  /** Copies from the item to guest physical `address`. False where that leaves RAM. */
  function copy(state: State, dma: Dma, address: number, bytes: number): boolean {
    for (let done = 0; done < bytes; done += PIECE_BYTES) {
      const piece = Math.min(PIECE_BYTES, bytes - done);
      const place = dma.locate(address + done, piece);
      if (place === undefined) {
        skip(state, bytes - done);
        return false;
      }
      dma.write(place, take(state, piece));
    }
    return true;
  }

  /** Serves the request at guest physical `address`, and writes into its control word how it ended. */
  function serve(state: State, dma: Dma, address: number): void {
    const place = dma.locate(address, REQUEST_BYTES);
    if (place === undefined) return;
    const control = dma.view.getUint32(place);
    const length = dma.view.getUint32(place + 4);
    const target = Number(dma.view.getBigUint64(place + 8));
    if (control & CONTROL.select) select(state, control >>> CONTROL.keyShift);
    let good = true;
    if (control & CONTROL.read) good = copy(state, dma, target, length);
    else if (control & (CONTROL.write | CONTROL.skip)) {
      skip(state, length);
      good = (control & CONTROL.write) === 0;
    }
    dma.write(place, Uint8Array.of(0, 0, 0, good ? 0 : CONTROL.error));
  }

  return device<typeof state.fields, FwCfgPins>('fwcfg', {
    doc: 'Items of bytes about the machine, by key or by name, for firmware and kernel.',
    size: 0x18,
    state,
    registers: {
      SELECTOR: {
        at: 0x08,
        width: 2,
        read: () => 0,
        write: (state, value) => select(state, Number(swapped(BigInt(value), 2))),
      },
    },
    windows: {
      /** Bytes come in the order of the item, whatever the width. */
      DATA: {
        at: 0x00,
        size: 8,
        read: (state, _, _offset, bytes) =>
          take(state, bytes).reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n),
        write: () => {},
      },
      /** Writing the lower half serves the request. */
      DMA_ADDRESS: {
        at: 0x10,
        size: 8,
        read: (_, __, offset, bytes) =>
          ascii(DMA_SIGNATURE)
            .subarray(offset, offset + bytes)
            .reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n),
        write: (state, value, { dma }, offset, bytes) => {
          const half = Number(BigInt.asUintN(32, swapped(value, bytes)));
          if (bytes === 8) state.addressHigh = Number(swapped(value, 8) >> 32n);
          else if (bytes === 4 && offset === 0) state.addressHigh = half;
          if (bytes === 8 || (bytes === 4 && offset === 4)) {
            const address = state.addressHigh * 2 ** 32 + half;
            state.addressHigh = 0;
            serve(state, dma, address);
          }
        },
      },
    },
    reset: (state) => {
      select(state, 0);
      state.addressHigh = 0;
    },
    operations: {},
    settle: () => {},
    node: { name: 'fw-cfg', properties: { compatible: 'qemu,fw-cfg-mmio', 'dma-coherent': true } },
  });
}
