/** Numbers, bytes and thread ids, as they stand in packets. */

/** An error reply: `E` and the number of an error of Unix. */
export class GdbError extends Error {
  override readonly name = 'GdbError';
}

/** What was asked for cannot be read or written, or is not there. */
export const badAddress = (): GdbError => new GdbError('E14');
/** What was asked makes no sense. */
export const invalid = (): GdbError => new GdbError('E22');

/** A hexadecimal number of 64 bits. @throws GdbError */
export function parseNumber(text: string): bigint {
  if (!/^[\da-f]{1,16}$/i.test(text)) throw invalid();
  return BigInt(`0x${text}`);
}

/** Bytes of a length that a packet can speak of. @throws GdbError */
export function parseLength(text: string, max: number): number {
  const length = parseNumber(text);
  if (length > max) throw invalid();
  return Number(length);
}

/** @param text two digits a byte; throws GdbError where it is not */
export function parseBytes(text: string): Uint8Array {
  if (!/^(?:[\da-f]{2})*$/i.test(text)) throw invalid();
  return Buffer.from(text, 'hex');
}

export const formatBytes = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** 8 bytes, the lowest first. */
export function formatRegister(value: bigint): string {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, value));
  return bytes.toString('hex');
}

export function parseRegister(text: string): bigint {
  const bytes = Buffer.from(parseBytes(text));
  if (bytes.length !== 8) throw invalid();
  return bytes.readBigUInt64LE();
}

/** The one process that there is. Its threads are the vCPUs, from 1. */
const PROCESS = 1;

/** @param multiprocess the other end knows of processes */
export function formatThread(vcpu: number, multiprocess: boolean): string {
  const hex = (number: number): string => number.toString(16).padStart(2, '0');
  return multiprocess ? `p${hex(PROCESS)}.${hex(vcpu + 1)}` : hex(vcpu + 1);
}

/** @throws GdbError there is no such process */
export function parseProcess(text: string): void {
  if (parseNumber(text) !== BigInt(PROCESS)) throw invalid();
}

/** `p1.2`, `p1.-1`, `p1`, `2`, `-1`, `0`: the vCPU, or all of them, or any. @throws GdbError there is no such thread */
export function parseThread(text: string, vcpus: number): number | 'all' | 'any' {
  const [, process, thread = '-1'] = /^p(-?[\da-f]+)(?:\.(-?[\da-f]+))?$/i.exec(text) ?? [undefined, '1', text];
  // Any process, and all of them, are this one.
  if (process !== '-1' && process !== '0') parseProcess(process!);
  if (thread === '-1') return 'all';
  const number = parseNumber(thread);
  if (number === 0n) return 'any';
  if (number > vcpus) throw invalid();
  return Number(number) - 1;
}
