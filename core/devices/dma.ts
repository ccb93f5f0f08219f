/**
 * Guest RAM as devices reach it by themselves.
 *
 * A device is told addresses by the guest. It asks `locate` where they lie, once for each stretch, and then works with
 * the place in the shared memory. Bytes are copied at the moment of the call; what vCPUs do to them meanwhile is the
 * guest's business. Words of 16 bits by which driver and device tell each other of progress are read and written in
 * sequential order with everything else.
 */
export interface Dma {
  /** Where `bytes` bytes at guest physical `address` start in the shared memory; undefined unless all of them are RAM. */
  locate(address: number, bytes: number): number | undefined;
  /** All of the shared memory, only to be read, and only where `locate` says. */
  readonly view: DataView;
  /** Fills `into` with what is there. */
  read(place: number, into: Uint8Array): void;
  write(place: number, bytes: Uint8Array): void;
  /** @param place a multiple of 2 */
  load16(place: number): number;
  /** @param place a multiple of 2 @param value 0 to 65535 */
  store16(place: number, value: number): void;
}
