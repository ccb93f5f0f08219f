/**
 * Parallel NOR flash with Intel's command set: two chips of 16 bits side by side, each answering on its half of a word.
 * Data sheet: Intel StrataFlash memory (J3), "28F128J3"; Common Flash Interface: JEDEC JESD68.01, JEP137 for its codes.
 *
 * A command is the low byte of what is written. What is read depends on the last one: the contents, a status, an
 * identifier, or the query table. Nothing takes time. As with QEMU's model, programming replaces what was there: it can
 * also set bits, for which a real chip would have to be erased first.
 */
import { array, struct, u8, u32, type View } from '../memory/struct.ts';
import { device } from './device.ts';

/** Bytes of one bank. */
export const FLASH_BYTES = 32 << 20;
/** Bytes that are erased together: one block of either chip. */
export const FLASH_BLOCK_BYTES = 256 << 10;
/** Bytes of a word, which is what all chips give at once. */
const WORD_BYTES = 4;
/** Bytes that can be programmed by one command: what the write buffers of both chips hold. */
const BUFFER_BYTES = 4096;

const COMMAND = {
  programAlternative: 0x10,
  erase: 0x20,
  program: 0x40,
  clearStatus: 0x50,
  lockSetup: 0x60,
  readStatus: 0x70,
  readIdentifier: 0x90,
  query: 0x98,
  confirm: 0xd0,
  programBuffer: 0xe8,
  readArray: 0xff,
} as const;
/** Bits of the status register (data sheet, "Status register definitions"). */
const STATUS = { ready: 0x80, eraseError: 0x20, programError: 0x10 } as const;
/** An erase and a program error together mean that the commands made no sense. */
const SEQUENCE_ERROR = STATUS.eraseError | STATUS.programError;

/** What is read. */
const MODE = { array: 0, status: 1, identifier: 2, query: 3 } as const;
/** What the next write is. */
const EXPECT = { command: 0, data: 1, eraseConfirm: 2, lock: 3, count: 4, bufferData: 5, bufferConfirm: 6 } as const;

/** Manufacturer and device code, by word: Intel 28F128J3. */
const IDENTIFIER = [0x89, 0x18];

/** What either chip says of itself from word 0x10 on (JESD68.01, section 3; Intel's table from 0x31 on). */
const QUERY_FIRST = 0x10;
const BLOCKS = FLASH_BYTES / FLASH_BLOCK_BYTES;
const CHIP_BYTES = FLASH_BYTES / 2;
const CHIP_BLOCK_UNITS = FLASH_BLOCK_BYTES / 2 / 256;
// biome-ignore format: a line for each field
const QUERY = [
  ...[0x51, 0x52, 0x59],                               // "QRY"
  ...[0x01, 0x00, 0x31, 0x00],                         // Intel's command set, and where its table is
  ...[0x00, 0x00, 0x00, 0x00],                         // no other command set
  ...[0x45, 0x55, 0x00, 0x00],                         // 4.5 V to 5.5 V, no Vpp
  ...[0x07, 0x07, 0x0a, 0x00],                         // typical times: 2^n µs a word and a buffer, 2^n ms a block
  ...[0x04, 0x04, 0x04, 0x00],                         // the longest: 2^n times as long
  Math.log2(CHIP_BYTES),
  ...[0x02, 0x00],                                     // 8 or 16 bits wide
  ...[Math.log2(BUFFER_BYTES / 2), 0x00],
  0x01,                                                // all blocks of one size
  ...[BLOCKS - 1, 0x00, CHIP_BLOCK_UNITS & 0xff, CHIP_BLOCK_UNITS >> 8],
  ...[0x50, 0x52, 0x49, 0x31, 0x30],                   // "PRI", version 1.0
  ...[0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00],
  0x01,                                                // one protection register
];

const state = struct({
  mode: u8,
  expect: u8,
  /** Error bits of the status register. */
  errors: u8,
  /** Of the buffer that is being filled: where it starts in the bank, its bytes, and the writes still to come. */
  bufferStart: u32,
  bufferBytes: u32,
  writesToCome: u32,
  /** 1 while all writes have been to where the buffer is. */
  bufferGood: u8,
  buffer: array(u8, BUFFER_BYTES),
  /** What has changed since the host asked: from here up to here, nothing where both are equal. */
  changedStart: u32,
  changedEnd: u32,
});
type State = View<typeof state.fields>;

export interface FlashPins {
  /** FLASH_BYTES bytes, shared by all threads. */
  readonly contents: Uint8Array;
  /** Contents have changed, and had not since the host last asked. */
  changed(): void;
}

export interface FlashOperations {
  /** What has changed since the last call, from `start` up to `end`; undefined if nothing has. */
  takeChanged(): { readonly start: number; readonly end: number } | undefined;
  /** Puts other contents into the bank, which is then what has changed; where it is read only, the host need not know. */
  replace(start: number, bytes: Uint8Array): void;
}

/** What either chip says at a word while it does not show its contents. */
function answer(state: State, word: number): number {
  if (state.mode === MODE.status) return STATUS.ready | state.errors;
  if (state.mode === MODE.identifier) return IDENTIFIER[word % (FLASH_BLOCK_BYTES / WORD_BYTES)] ?? 0;
  return QUERY[word - QUERY_FIRST] ?? 0;
}

function byteAt(state: State, { contents }: FlashPins, offset: number): number {
  if (state.mode === MODE.array) return contents[offset]!;
  // In the low byte of either half; all there is to say fits there.
  return offset % 2 === 0 ? answer(state, Math.floor(offset / WORD_BYTES)) : 0;
}

function read(state: State, pins: FlashPins, offset: number, bytes: number): bigint {
  let value = 0n;
  for (let index = bytes - 1; index >= 0; index--) value = (value << 8n) | BigInt(byteAt(state, pins, offset + index));
  return value;
}

function change(state: State, pins: FlashPins, start: number, bytes: Uint8Array): void {
  pins.contents.set(bytes, start);
  const end = start + bytes.length;
  const known = state.changedStart < state.changedEnd;
  state.changedStart = known ? Math.min(state.changedStart, start) : start;
  state.changedEnd = known ? Math.max(state.changedEnd, end) : end;
  if (!known) pins.changed();
}

function expectCommand(state: State, errors = 0): void {
  state.mode = MODE.status;
  state.expect = EXPECT.command;
  state.errors |= errors;
}

function command(state: State, value: number): void {
  switch (value) {
    case COMMAND.program:
    case COMMAND.programAlternative:
      state.mode = MODE.status;
      state.expect = EXPECT.data;
      return;
    case COMMAND.erase:
      state.mode = MODE.status;
      state.expect = EXPECT.eraseConfirm;
      return;
    case COMMAND.programBuffer:
      state.mode = MODE.status;
      state.expect = EXPECT.count;
      return;
    case COMMAND.lockSetup:
      state.mode = MODE.status;
      state.expect = EXPECT.lock;
      return;
    case COMMAND.clearStatus:
      state.errors = 0;
      return;
    case COMMAND.readStatus:
      state.mode = MODE.status;
      return;
    case COMMAND.readIdentifier:
      state.mode = MODE.identifier;
      return;
    case COMMAND.query:
      state.mode = MODE.query;
      return;
    default:
      // Also what probes for other command sets end with.
      state.mode = MODE.array;
  }
}

/** Begins to fill the write buffer, with what is there now. False where it cannot be programmed at once. */
function openBuffer(state: State, { contents }: FlashPins, offset: number, bytes: number): boolean {
  state.bufferStart = offset;
  state.bufferBytes = state.writesToCome * bytes;
  // The chips program within one of the stretches that their buffers stand for.
  if ((offset % BUFFER_BYTES) + state.bufferBytes > BUFFER_BYTES) return false;
  state.buffer.set(contents.subarray(offset, offset + state.bufferBytes));
  return true;
}

/** A write into the buffer. Those that do not belong there are counted all the same: they are no commands. */
function fillBuffer(state: State, pins: FlashPins, offset: number, data: Uint8Array): void {
  if (state.bufferBytes === 0) state.bufferGood = Number(openBuffer(state, pins, offset, data.length));
  const at = offset - state.bufferStart;
  if (at < 0 || at + data.length > state.bufferBytes) state.bufferGood = 0;
  if (state.bufferGood) state.buffer.set(data, at);
  state.writesToCome--;
  if (state.writesToCome === 0) state.expect = EXPECT.bufferConfirm;
}

/** What a write does where it is expected to be something. */
type Step = (state: State, value: number, pins: FlashPins, offset: number, data: Uint8Array) => void;

/** @param readOnly refuses to be programmed and erased, and says so in its status */
export function flashCfi(name: string, readOnly: boolean) {
  function store(state: State, pins: FlashPins, start: number, bytes: Uint8Array, error: number): void {
    if (!readOnly) change(state, pins, start, bytes);
    expectCommand(state, readOnly ? error : 0);
  }

  const confirmed =
    (step: Step): Step =>
    (state, value, pins, offset, data) => {
      if ((value & 0xff) === COMMAND.confirm) step(state, value, pins, offset, data);
      else expectCommand(state, SEQUENCE_ERROR);
    };

  const steps: { readonly [K in keyof typeof EXPECT]: Step } = {
    command: (state, value) => command(state, value & 0xff),
    data: (state, _, pins, offset, data) => store(state, pins, offset, data, STATUS.programError),
    eraseConfirm: confirmed((state, _, pins, offset) => {
      const block = offset - (offset % FLASH_BLOCK_BYTES);
      store(state, pins, block, new Uint8Array(FLASH_BLOCK_BYTES).fill(0xff), STATUS.eraseError);
    }),
    // Blocks cannot be locked: there is nothing to do, whichever way.
    lock: (state) => expectCommand(state),
    count: (state, value) => {
      state.writesToCome = (value & 0xffff) + 1;
      state.bufferBytes = 0;
      state.expect = EXPECT.bufferData;
    },
    bufferData: (state, _, pins, offset, data) => fillBuffer(state, pins, offset, data),
    bufferConfirm: confirmed((state, _, pins) => {
      if (!state.bufferGood) {
        expectCommand(state, STATUS.programError);
        return;
      }
      const bytes = Uint8Array.from(state.buffer.subarray(0, state.bufferBytes));
      store(state, pins, state.bufferStart, bytes, STATUS.programError);
    }),
  };
  const stepFor = new Map(Object.entries(EXPECT).map(([name, number]) => [number, steps[name as keyof typeof EXPECT]]));

  function write(state: State, value: number, pins: FlashPins, offset: number, bytes: number): void {
    const data = Uint8Array.from({ length: bytes }, (_, index) => value >>> (8 * index));
    stepFor.get(state.expect as (typeof EXPECT)[keyof typeof EXPECT])!(state, value, pins, offset, data);
  }

  return device<typeof state.fields, FlashPins, FlashOperations>(name, {
    doc: 'NOR flash, Intel command set, 32 MiB in blocks of 256 KiB. Takes no time, and is programmed without erasing.',
    size: FLASH_BYTES,
    state,
    registers: {},
    windows: {
      ARRAY: {
        at: 0,
        size: FLASH_BYTES,
        read,
        write: (state, value, pins, offset, bytes) => {
          write(state, Number(BigInt.asUintN(32, value)), pins, offset, Math.min(bytes, WORD_BYTES));
          if (bytes > WORD_BYTES) write(state, Number(value >> 32n), pins, offset + WORD_BYTES, WORD_BYTES);
        },
      },
    },
    /** The contents stay, and what has changed of them is still to be told. */
    reset: (state) => {
      state.mode = MODE.array;
      state.expect = EXPECT.command;
      state.errors = 0;
    },
    operations: {
      takeChanged: (state) => {
        const { changedStart: start, changedEnd: end } = state;
        state.changedStart = 0;
        state.changedEnd = 0;
        return start < end ? { start, end } : undefined;
      },
      replace: (state, pins, start, bytes) => {
        if (readOnly) pins.contents.set(bytes, start);
        else change(state, pins, start, bytes);
      },
    },
    settle: () => {},
    /** Of both banks together. */
    node: { name: 'flash', properties: { compatible: 'cfi-flash', 'bank-width': WORD_BYTES } },
  });
}
