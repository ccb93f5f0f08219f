/**
 * The host's side of devices, as their services use it. Whoever makes the machine provides it.
 *
 * Everything is called on main. Nothing blocks: what takes time is a promise, and a stream that is full says so.
 */

/** A byte stream, such as a serial line's. */
export interface CharacterBackend {
  /** Takes bytes from the guest. False asks the device to wait for `onDrain`. Never blocks. */
  write(bytes: Uint8Array): boolean;
  /** Calls back when `write` accepts bytes again. */
  onDrain(callback: () => void): void;
  /** Delivers bytes for the guest. The callee returns how many it took; the rest is offered again after `resume`. */
  onData(callback: (bytes: Uint8Array) => number): void;
  /** The device has room again. */
  resume(): void;
}

/** Bytes that stay: a disk image, or the file behind a flash bank. */
export interface BlockBackend {
  /** Its size, a multiple of 512. */
  readonly bytes: number;
  readonly readOnly: boolean;
  /**
   * @param offset with `bytes` within its size
   * @returns exactly `bytes` bytes
   * Rejects with an Error that says what the host refused, as the others do.
   */
  read(offset: number, bytes: number): Promise<Uint8Array>;
  /** Only where it is not read only. @param bytes not changed meanwhile */
  write(offset: number, bytes: Uint8Array): Promise<void>;
  /** Resolves when everything that has been written will survive. */
  flush(): Promise<void>;
}

/** The other end of a network cable: frames of Ethernet without their check sequence. */
export interface NetworkBackend {
  /** Takes a frame from the guest. False asks the device to wait for `onDrain`. @param frame not changed afterwards */
  send(frame: Uint8Array): boolean;
  /** Calls back when `send` accepts frames again. */
  onDrain(callback: () => void): void;
  /** Delivers a frame for the guest. The callee returns false where it has no room: then it is offered after `resume`. */
  onFrame(callback: (frame: Uint8Array) => boolean): void;
  /** Calls back when the cable has been pulled out or plugged in. Absent where it always is in, as in the beginning. */
  onLink?(callback: (isUp: boolean) => void): void;
  /** The device has room again. */
  resume(): void;
}

/** A source of randomness. */
export interface RandomBackend {
  /** @returns one random byte or more, no more than `bytes` */
  take(bytes: number): Promise<Uint8Array>;
}
