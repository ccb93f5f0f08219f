/**
 * Guest memory accesses in generated code: the inline TLB check, the access itself, and the way out of line when the
 * check fails. All accesses of a size that the TLB vouches for are plain WebAssembly loads and stores; atomics of the
 * guest are atomics of the host.
 */
import type { AmoKind, Op } from '../ir/ops.ts';
import type { Code, Label } from './encode.ts';
import type { OpcodeName } from './opcodes.ts';

/** Offsets within a TLB entry, and its shape; the owner of the table decides them. */
export interface TlbLayout {
  readonly entries: number;
  readonly entryBytes: number;
  /** 64-bit tags: page address that may be read, written. */
  readonly read: number;
  readonly write: number;
  /** 32 bits: memory address = low half of the guest address + this. */
  readonly addend: number;
}

/** Guest RAM while addresses are not translated: one range, and a map of the pages in it that hold code. */
export interface DirectMemory {
  /** First guest address, and the number of bytes. */
  readonly address: bigint;
  readonly bytes: number;
  /** Where it starts in the memory. */
  readonly host: number;
  /** Where the map starts: a byte a page, not zero where stores must be looked at. */
  readonly codePages: number;
}

/** Where an access is being compiled to. */
export interface AccessPlace {
  readonly code: Code;
  readonly tlb: TlbLayout;
  readonly pageShift: number;
  local(type: 'i32' | 'i64'): number;
  /** Pushes the memory address of the TLB. */
  tlbBase(): void;
  /** Pushes the base, and gives the offset, of the words that hold the reservation. */
  reservedAddress(): number;
  reservedValue(): number;
  /** Added to every memory address that is accessed; 0 if absent. */
  readonly offset?: number;
}

const LOAD: Record<string, OpcodeName> = {
  '1s': 'i64_load8_s',
  '1': 'i64_load8_u',
  '2s': 'i64_load16_s',
  '2': 'i64_load16_u',
  '4s': 'i64_load32_s',
  '4': 'i64_load32_u',
  '8s': 'i64_load',
  '8': 'i64_load',
};
const STORE: Record<number, OpcodeName> = { 1: 'i64_store8', 2: 'i64_store16', 4: 'i64_store32', 8: 'i64_store' };

const ATOMIC = {
  4: {
    load: 'i64_atomic_load32_u',
    cmpxchg: 'i64_atomic_rmw32_cmpxchg',
    add: 'i64_atomic_rmw32_add',
    and: 'i64_atomic_rmw32_and',
    or: 'i64_atomic_rmw32_or',
    xor: 'i64_atomic_rmw32_xor',
    swap: 'i64_atomic_rmw32_xchg',
  },
  8: {
    load: 'i64_atomic_load',
    cmpxchg: 'i64_atomic_rmw_cmpxchg',
    add: 'i64_atomic_rmw_add',
    and: 'i64_atomic_rmw_and',
    or: 'i64_atomic_rmw_or',
    xor: 'i64_atomic_rmw_xor',
    swap: 'i64_atomic_rmw_xchg',
  },
} as const;

/** What recomputes the stored value from the value found. */
const UPDATE: Partial<Record<AmoKind, OpcodeName>> = { add: 'i64_add', and: 'i64_and', or: 'i64_or', xor: 'i64_xor' };
/** The comparison under which the value found stays. */
const KEEP: Partial<Record<AmoKind, OpcodeName>> = {
  mins: 'i64_lt_s',
  maxs: 'i64_ge_s',
  minu: 'i64_lt_u',
  maxu: 'i64_ge_u',
};

const isWrite = ({ name }: Op): boolean => ['store', 'amo', 'storeConditional', 'zero'].includes(name);
const isAtomic = ({ name }: Op): boolean => ['amo', 'loadReserved', 'storeConditional'].includes(name);

const NO_RESERVATION = -1n;

/** Pushes the memory address for a guest address, or goes to `slow` (stack empty) where the TLB does not vouch for it. */
export function translate(place: AccessPlace, op: Op, address: number, slow: Label): number {
  const { code, tlb, pageShift } = place;
  const bytes = op.bytes!;
  const entry = place.local('i32');
  const host = place.local('i32');
  if (isAtomic(op))
    code
      .get(address)
      .op('i32_wrap_i64')
      .i32(bytes - 1)
      .op('i32_and')
      .unlikely()
      .brIf(slow);
  const entryShift = Math.log2(tlb.entryBytes);
  code
    .get(address)
    .op('i32_wrap_i64')
    .i32(pageShift - entryShift)
    .op('i32_shr_u');
  code.i32((tlb.entries - 1) * tlb.entryBytes).op('i32_and');
  place.tlbBase();
  code.op('i32_add').set(entry);
  // The last byte must be on the page whose tag it is: an access that crosses pages never matches.
  code
    .get(address)
    .i64(BigInt(bytes - 1))
    .op('i64_add')
    .i64(-(1n << BigInt(pageShift)))
    .op('i64_and');
  code
    .get(entry)
    .memory('i64_load', isWrite(op) ? tlb.write : tlb.read)
    .op('i64_ne')
    .unlikely()
    .brIf(slow);
  code.get(address).op('i32_wrap_i64').get(entry).memory('i32_load', tlb.addend).op('i32_add').set(host);
  return host;
}

/**
 * As `translate`, where guest addresses are physical: gives a local whose value, with `memory.host` added, is the memory
 * address.
 */
export function locate(place: AccessPlace, memory: DirectMemory, op: Op, address: number, slow: Label): number {
  const { code, pageShift } = place;
  const bytes = op.bytes!;
  const inRam = place.local('i64');
  const offset = place.local('i32');
  code.get(address).i64(memory.address).op('i64_sub').tee(inRam);
  code
    .i64(BigInt(memory.bytes - bytes))
    .op('i64_gt_u')
    .unlikely()
    .brIf(slow);
  code.get(inRam).op('i32_wrap_i64').set(offset);
  if (isAtomic(op))
    code
      .get(offset)
      .i32(bytes - 1)
      .op('i32_and')
      .unlikely()
      .brIf(slow);
  if (!isWrite(op)) return offset;
  const last = place.local('i32');
  code
    .get(offset)
    .i32(bytes - 1)
    .op('i32_add')
    .tee(last)
    .i32(pageShift)
    .op('i32_shr_u')
    .memory('i32_load8_u', memory.codePages);
  if (bytes > 1) code.get(last).get(offset).op('i32_xor').i32(pageShift).op('i32_shr_u', 'i32_or');
  code.unlikely().brIf(slow);
  return offset;
}

/** Leaves in `found` the value at `host`, zero-extended, and in `stored` what replaced it. */
function amo(place: AccessPlace, op: Op, host: number, operand: number, found: number, stored: number): void {
  const { code } = place;
  const { kind, bytes } = op;
  const table = ATOMIC[bytes as 4 | 8];
  const keep = KEEP[kind!];
  if (!keep) {
    const update = UPDATE[kind!];
    code
      .get(host)
      .get(operand)
      .memory(table[kind as 'add'], place.offset)
      .set(found);
    if (update) code.get(found).get(operand).op(update).set(stored);
    else code.get(operand).set(stored);
    return;
  }
  const extended = (local: number): Code => {
    code.get(local);
    if (bytes === 4) {
      if (kind === 'mins' || kind === 'maxs') code.op('i64_extend32_s');
      else code.op('i32_wrap_i64', 'i64_extend_i32_u');
    }
    return code;
  };
  const seen = place.local('i64');
  code.get(host).memory(table.load, place.offset).set(found);
  const retry = code.loop();
  code.get(found).get(operand);
  extended(found);
  extended(operand).op(keep, 'select').set(stored);
  code.get(host).get(found).get(stored).memory(table.cmpxchg, place.offset).tee(seen).get(found).op('i64_ne').if();
  code.get(seen).set(found).br(retry);
  code.end().end();
}

/** What an access did, for probes: see the IR's `accessKind` and `accessValue`. Emitted where the place traces. */
export type Trace = (kind: () => void, value: () => void) => void;

/**
 * Performs `op` at memory address `host` and leaves its result in `result`.
 * @param operand local with the value to store or combine
 */
export function perform(
  place: AccessPlace,
  op: Op,
  host: number,
  address: number,
  operand: number,
  result: number,
  trace: Trace,
): void {
  const { code } = place;
  const bytes = op.bytes!;
  const zeroExtended = (local: number) => (): void => {
    code.get(local);
    if (bytes < 8) code.i64((1n << BigInt(bytes * 8)) - 1n).op('i64_and');
  };
  const constant = (value: bigint) => (): void => void code.i64(value);
  const signExtended = (local: number): Code => {
    code.get(local);
    return bytes === 4 ? code.op('i64_extend32_s') : code;
  };

  switch (op.name) {
    case 'load':
      code
        .get(host)
        .memory(LOAD[`${bytes}${op.signed ? 's' : ''}`]!, place.offset)
        .set(result);
      trace(constant(1n), zeroExtended(result));
      break;
    case 'store':
      code.get(host).get(operand).memory(STORE[bytes]!, place.offset);
      trace(constant(2n), zeroExtended(operand));
      break;
    case 'zero':
      for (let offset = 0; offset < bytes; offset += 8)
        code
          .get(host)
          .i64(0n)
          .memory('i64_store', offset + (place.offset ?? 0));
      trace(constant(2n), constant(0n));
      break;
    case 'touch':
      trace(constant(0n), constant(0n));
      break;
    case 'amo': {
      const found = place.local('i64');
      const stored = place.local('i64');
      amo(place, op, host, operand, found, stored);
      signExtended(found).set(result);
      trace(constant(3n), zeroExtended(stored));
      break;
    }
    case 'loadReserved': {
      const found = place.local('i64');
      code
        .get(host)
        .memory(ATOMIC[bytes as 4 | 8].load, place.offset)
        .set(found);
      const value = place.reservedValue();
      code.get(found).memory('i64_store', value);
      const reserved = place.reservedAddress();
      code.get(address).memory('i64_store', reserved);
      signExtended(found).set(result);
      trace(constant(1n), zeroExtended(result));
      break;
    }
    default: {
      // storeConditional: 0 where the address is the reserved one and still holds the value that was found there.
      code.i64(1n).set(result);
      code.get(address);
      const reserved = place.reservedAddress();
      code.memory('i64_load', reserved).op('i64_eq').if();
      code.get(host);
      const value = place.reservedValue();
      code
        .memory('i64_load', value)
        .get(operand)
        .memory(ATOMIC[bytes as 4 | 8].cmpxchg, place.offset);
      place.reservedValue();
      code.memory('i64_load', value).op('i64_ne', 'i64_extend_i32_u').set(result);
      code.end();
      place.reservedAddress();
      code.i64(NO_RESERVATION).memory('i64_store', reserved);
      trace(() => {
        code.i64(2n).i64(0n).get(result).op('i64_eqz', 'select');
      }, zeroExtended(operand));
    }
  }
}
