/**
 * 16550A universal asynchronous receiver/transmitter.
 * Data sheet: National Semiconductor PC16550D, "Universal Asynchronous Receiver/Transmitter with FIFOs", June 1995.
 *
 * The line has no speed: a byte that is written is on its way at once, and one that arrives has always just come in. The
 * far end of the line is a pair of rings. The last 16 bytes of the output ring serve as the transmitter FIFO: as long
 * as they are free the transmitter is empty; while the host takes nothing and they fill, THRE stays 0, and a driver that
 * looks at THRE loses nothing. Bytes wait in the input ring until the receiver FIFO has room, so the receiver is never
 * overrun from outside.
 */
import type { ByteRing } from '../base/ring.ts';
import { array, struct, u8, type View } from '../memory/struct.ts';
import { device } from './device.ts';

export const FIFO_BYTES = 16;

/** Bits of the interrupt enable register. */
const IER = { ERBFI: 0x01, ETBEI: 0x02, ELSI: 0x04, EDSSI: 0x08 } as const;
/** What the interrupt identification register says, from the highest priority to the lowest; and its FIFO bits. */
const IIR = {
  receiverLineStatus: 0x06,
  receivedDataAvailable: 0x04,
  characterTimeout: 0x0c,
  transmitterEmpty: 0x02,
  modemStatus: 0x00,
  none: 0x01,
  fifosEnabled: 0xc0,
} as const;
const FCR = { enable: 0x01, resetReceiver: 0x02, triggerShift: 6 } as const;
const LCR = { DLAB: 0x80 } as const;
const MCR = { DTR: 0x01, RTS: 0x02, OUT1: 0x04, OUT2: 0x08, loop: 0x10, writable: 0x1f } as const;
const LSR = { DR: 0x01, OE: 0x02, THRE: 0x20, TEMT: 0x40 } as const;
const MSR = { DDCD: 0x08, TERI: 0x04, deltas: 0x0f, CTS: 0x10, DSR: 0x20, RI: 0x40, DCD: 0x80 } as const;
/** Received bytes at which the FIFO asks for attention, by bits 6 and 7 of the FCR. */
const TRIGGER_LEVELS = [1, 4, 8, 14];
/** The far end is always there: a terminal that is ready. */
const FAR_END = MSR.CTS | MSR.DSR | MSR.DCD;

export const UartState = struct({
  IER: u8,
  FCR: u8,
  LCR: u8,
  MCR: u8,
  SCR: u8,
  DLL: u8,
  DLM: u8,
  /** Delta bits of the MSR. */
  modemDeltas: u8,
  /** 1 after an overrun, until LSR is read. */
  overrun: u8,
  /** 1 from a byte to transmit until the transmitter is seen empty. */
  transmitting: u8,
  /** 1 while "transmitter holding register empty" has yet to be told by interrupt. */
  transmitterEmptied: u8,
  fifo: array(u8, FIFO_BYTES),
  fifoStart: u8,
  fifoCount: u8,
});
type State = View<typeof UartState.fields>;

export interface UartPins {
  irq(level: boolean): void;
  /** Towards the host. The UART is its producer. */
  readonly output: ByteRing;
  /** From the host. The UART is its consumer. */
  readonly input: ByteRing;
  /** The host should look at the rings: there is output where there was none, or the input is half empty again. */
  kick(): void;
}

export interface UartOperations {
  /** The host has added to the input. */
  received(): void;
  /** The host has taken from the output. */
  drained(): void;
}

const usesFifos = (state: State): boolean => (state.FCR & FCR.enable) !== 0;
const loops = (state: State): boolean => (state.MCR & MCR.loop) !== 0;
const isTransmitterEmpty = (pins: UartPins): boolean => pins.output.space >= FIFO_BYTES;

function clearReceiver(state: State): void {
  state.fifoStart = 0;
  state.fifoCount = 0;
}

function receive(state: State, byte: number): void {
  if (state.fifoCount === (usesFifos(state) ? FIFO_BYTES : 1)) {
    state.overrun = 1;
    return;
  }
  state.fifo[(state.fifoStart + state.fifoCount) % FIFO_BYTES] = byte;
  state.fifoCount++;
}

function takeReceived(state: State): number {
  if (state.fifoCount === 0) return 0;
  const byte = state.fifo[state.fifoStart]!;
  state.fifoStart = (state.fifoStart + 1) % FIFO_BYTES;
  state.fifoCount--;
  return byte;
}

function transmit(state: State, byte: number, pins: UartPins): void {
  state.transmitterEmptied = 0;
  state.transmitting = 1;
  if (loops(state)) receive(state, byte);
  else if (pins.output.push(byte) && pins.output.used === 1) pins.kick();
}

function fillReceiver(state: State, { input, kick }: UartPins): void {
  while (!loops(state) && state.fifoCount < (usesFifos(state) ? FIFO_BYTES : 1)) {
    const byte = input.shift();
    if (byte === undefined) return;
    receive(state, byte);
    if (input.used === input.capacity / 2) kick();
  }
}

/** Upper half of the MSR: the modem lines, which in loopback are fed from the MCR (data sheet, "Modem Control Register"). */
function modemLines(state: State): number {
  if (!loops(state)) return FAR_END;
  const { MCR: mcr } = state;
  return (
    (mcr & MCR.RTS ? MSR.CTS : 0) |
    (mcr & MCR.DTR ? MSR.DSR : 0) |
    (mcr & MCR.OUT1 ? MSR.RI : 0) |
    (mcr & MCR.OUT2 ? MSR.DCD : 0)
  );
}

function writeModemControl(state: State, value: number): void {
  const before = modemLines(state);
  state.MCR = value & MCR.writable;
  const after = modemLines(state);
  const changed = (before ^ after) >> 4;
  // Of RI only the trailing edge counts.
  state.modemDeltas |= after & MSR.RI ? changed & ~MSR.TERI : changed;
}

function writeInterruptEnable(state: State, value: number, pins: UartPins): void {
  const enabled = value & ~state.IER;
  state.IER = value & 0x0f;
  if (enabled & IER.ETBEI && isTransmitterEmpty(pins)) state.transmitterEmptied = 1;
}

function writeFifoControl(state: State, value: number): void {
  if ((value ^ state.FCR) & FCR.enable) clearReceiver(state);
  if ((value & FCR.enable) === 0) {
    state.FCR = 0;
    return;
  }
  if (value & FCR.resetReceiver) clearReceiver(state);
  state.FCR = value & (FCR.enable | (3 << FCR.triggerShift));
}

/** The pending interrupt of the highest priority, as IIR shows it. */
function pendingInterrupt(state: State): number {
  const { IER: enabled, fifoCount } = state;
  if (enabled & IER.ELSI && state.overrun) return IIR.receiverLineStatus;
  if (enabled & IER.ERBFI && fifoCount > 0) {
    const trigger = usesFifos(state) ? TRIGGER_LEVELS[state.FCR >> FCR.triggerShift]! : 1;
    // Fewer wait only while nothing more comes in: to a driver that is the time-out.
    return fifoCount >= trigger ? IIR.receivedDataAvailable : IIR.characterTimeout;
  }
  if (enabled & IER.ETBEI && state.transmitterEmptied) return IIR.transmitterEmpty;
  if (enabled & IER.EDSSI && state.modemDeltas) return IIR.modemStatus;
  return IIR.none;
}

function readInterruptIdentification(state: State): number {
  const pending = pendingInterrupt(state);
  if (pending === IIR.transmitterEmpty) state.transmitterEmptied = 0;
  return pending | (usesFifos(state) ? IIR.fifosEnabled : 0);
}

function readLineStatus(state: State, pins: UartPins): number {
  const status =
    (state.fifoCount > 0 ? LSR.DR : 0) |
    (state.overrun ? LSR.OE : 0) |
    (isTransmitterEmpty(pins) ? LSR.THRE | LSR.TEMT : 0);
  state.overrun = 0;
  return status;
}

function readModemStatus(state: State): number {
  const status = modemLines(state) | state.modemDeltas;
  state.modemDeltas = 0;
  return status;
}

const isDivisorLatchOpen = (state: State): boolean => (state.LCR & LCR.DLAB) !== 0;

export const uartNs16550a = device<typeof UartState.fields, UartPins, UartOperations>('serial', {
  doc: '16550A serial port. Transmits and receives without delay; line errors other than an overrun never happen.',
  size: 8,
  state: UartState,
  registers: {
    RBR_THR_DLL: {
      at: 0,
      width: 1,
      read: (state) => (isDivisorLatchOpen(state) ? state.DLL : takeReceived(state)),
      write: (state, value, pins) => {
        if (isDivisorLatchOpen(state)) state.DLL = value;
        else transmit(state, value, pins);
      },
    },
    IER_DLM: {
      at: 1,
      width: 1,
      read: (state) => (isDivisorLatchOpen(state) ? state.DLM : state.IER),
      write: (state, value, pins) => {
        if (isDivisorLatchOpen(state)) state.DLM = value;
        else writeInterruptEnable(state, value, pins);
      },
    },
    IIR_FCR: { at: 2, width: 1, read: readInterruptIdentification, write: writeFifoControl },
    LCR: {
      at: 3,
      width: 1,
      read: (state) => state.LCR,
      write: (state, value) => {
        state.LCR = value;
      },
    },
    MCR: { at: 4, width: 1, read: (state) => state.MCR, write: writeModemControl },
    /** Writing it is for the factory (data sheet, "Line Status Register"). */
    LSR: { at: 5, width: 1, read: readLineStatus, write: () => {} },
    MSR: { at: 6, width: 1, read: readModemStatus, write: () => {} },
    SCR: {
      at: 7,
      width: 1,
      read: (state) => state.SCR,
      write: (state, value) => {
        state.SCR = value;
      },
    },
  },
  /** Data sheet, table "UART Reset Configuration"; the divisor is that of 9600 baud from 1.8432 MHz. */
  reset: (state) => {
    state.IER = 0;
    state.FCR = 0;
    state.LCR = 0;
    state.MCR = 0;
    state.SCR = 0;
    state.DLL = 12;
    state.DLM = 0;
    state.modemDeltas = 0;
    state.overrun = 0;
    state.transmitting = 0;
    state.transmitterEmptied = 0;
    clearReceiver(state);
  },
  // What they announce is found by `settle`.
  operations: { received: () => {}, drained: () => {} },
  settle: (state, pins) => {
    fillReceiver(state, pins);
    if (state.transmitting && isTransmitterEmpty(pins)) {
      state.transmitting = 0;
      state.transmitterEmptied = 1;
    }
    pins.irq(pendingInterrupt(state) !== IIR.none);
  },
  node: { name: 'serial', properties: { compatible: 'ns16550a', 'clock-frequency': 3_686_400 } },
});
