/** Writes a block down as records. */
import { HART_STATE_OFFSET } from '../hart/state.ts';
import { HartState } from '../riscv/state.ts';
import { PSEUDO } from '../wasm/contract.ts';
import { BLOCK_INSTRUCTIONS_MAX, HEADER, HEADER_BYTES, RECORD, RECORD_BYTES, TARGET_BYTES } from '../wasm/record.ts';
import type { DecodedBlock } from './decode-block.ts';
import { PROBE_HANDLERS } from './handlers.ts';
import { PROBE_FIELDS } from './probes.ts';
import type { Step } from './script.ts';

export interface WriteContext {
  readonly memory: DataView;
  /** Memory address of the vCPU's state. */
  readonly state: number;
  /** Handler for an instruction that does not exist: leaves by a door, where its bits are found illegal. */
  readonly illegalHandler: number;
  /** Times that a block is entered before it is hot. */
  readonly coldness: number;
}

const isIndirect = (block: DecodedBlock): boolean => block.instructions.at(-1)!.handled?.indirect === true;

/** A header; one record an instruction and probe, one to go on behind a cut block, one of links; targets. */
const bytesFor = (instructions: number, probes: number): number =>
  HEADER_BYTES + (instructions + probes + 2) * RECORD_BYTES + TARGET_BYTES;

/** Bytes that the block takes at the most with `probes` probes. */
export const blockBytes = (block: DecodedBlock, probes: number): number => bytesFor(block.instructions.length, probes);
/** Bytes that any block takes at the most without probes. */
export const BLOCK_BYTES_MAX = bytesFor(BLOCK_INSTRUCTIONS_MAX, 0);

/** Memory address of the sample of an indirect jump's targets. @param record the block's first; `steps` its script */
export const targetsOf = (record: number, steps: readonly Step[]): number => record + (steps.length + 1) * RECORD_BYTES;

/**
 * Writes the block at `base`, which is a multiple of 32. Its first record is HEADER_BYTES behind that.
 * @returns the bytes used
 */
export function writeBlock(
  { memory, state, illegalHandler, coldness }: WriteContext,
  base: number,
  block: DecodedBlock,
  steps: readonly Step[],
): number {
  let at = base + HEADER_BYTES;
  memory.setInt32(at + HEADER.coldness, coldness, true);

  const general = (register = 0): number => state + HART_STATE_OFFSET + register * 8;
  const destination = (register: number | undefined): number =>
    register === 0 ? state + HART_STATE_OFFSET + HartState.offset.sink : general(register);

  const record = (handler: number, index: number, length: number, pc: bigint): void => {
    memory.setUint16(at + RECORD.handler, handler, true);
    memory.setUint8(at + RECORD.index, index);
    memory.setUint8(at + RECORD.length, length);
    memory.setBigUint64(at + RECORD.pc, pc, true);
  };

  for (const step of steps) {
    clear(memory, at, RECORD_BYTES);
    const { index } = step;
    if (step.kind === 'probe') {
      const { request, callback } = step.probe;
      record(PROBE_HANDLERS.get(request.name)!, index, 0, block.instructions[index]!.pc);
      memory.setUint32(at + RECORD.first, callback, true);
      if (request.length !== undefined) memory.setBigUint64(at + RECORD.second, request.length, true);
      else memory.setUint32(at + RECORD.second, request.counter ?? 0, true);
      memory.setBigUint64(at + RECORD.immediate, BigInt.asUintN(64, step.operand), true);
      if (request.log !== undefined) {
        memory.setUint32(at + PROBE_FIELDS.log.offset, request.log, true);
        memory.setUint32(at + PROBE_FIELDS.tag.offset, request.tag!, true);
      }
    } else {
      const { decoded, handled, pc, length, raw } = step.instruction;
      if (!decoded || !handled) {
        record(illegalHandler, index, length, pc);
      } else {
        const { rd, rs1, rs2, rs3, rm, imm = 0 } = decoded.operands;
        record(step.traced ? handled.traced : handled.plain, index, length, pc);
        memory.setUint32(at + RECORD.first, destination(rd), true);
        memory.setUint32(at + RECORD.second, general(rs1), true);
        memory.setUint32(at + RECORD.third, general(rs2), true);
        memory.setBigInt64(at + RECORD.immediate, BigInt(imm), true);
        if (rs3 !== undefined) memory.setUint32(at + RECORD.fourth, general(rs3), true);
        if (rm !== undefined) memory.setUint8(at + RECORD.rounding, rm);
      }
      if (!handled || handled.door) memory.setBigUint64(at + RECORD.immediate, BigInt(raw), true);
    }
    at += RECORD_BYTES;
  }
  if (!block.transfers) {
    clear(memory, at, RECORD_BYTES);
    record(PSEUDO.cut, block.instructions.length - 1, 0, block.instructions.at(-1)!.pc);
    memory.setBigUint64(at + RECORD.immediate, block.next, true);
    at += RECORD_BYTES;
  }
  const tail = RECORD_BYTES + (isIndirect(block) ? TARGET_BYTES : 0);
  clear(memory, at, tail);
  return at + tail - base;
}

const clear = (memory: DataView, at: number, bytes: number): void => {
  for (let offset = 0; offset < bytes; offset += 8) memory.setBigUint64(at + offset, 0n, true);
};
