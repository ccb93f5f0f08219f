/** Turns a decoded block, with or without probes, into records. */
import { HART_STATE_OFFSET } from '../hart/state.ts';
import type { ProbeRequest } from '../plugin/instance.ts';
import { HartState } from '../riscv/state.ts';
import { PSEUDO } from '../wasm/interpreter.ts';
import { BLOCK_INSTRUCTIONS_MAX, RECORD, RECORD_BYTES } from '../wasm/record.ts';
import type { BlockInstruction, DecodedBlock } from './decode-block.ts';
import { PROBE_HANDLERS } from './handlers.ts';

/** A door that every illegal instruction leaves by: any handler that ends in an exit serves. */
export interface WriteContext {
  readonly memory: DataView;
  /** Memory address of the vCPU's state. */
  readonly state: number;
  /** Handler for an instruction that does not exist: leaves by a door, where its bits are found illegal. */
  readonly illegalHandler: number;
}

/** A probe whose callback has been given a number. */
export interface PlacedProbe {
  readonly request: ProbeRequest;
  readonly callback: number;
}

/** One record an instruction and probe, one to go on behind a cut block, one of links. */
const bytesFor = (instructions: number, probes: number): number => (instructions + probes + 2) * RECORD_BYTES;

/** Bytes that the block takes at the most with `probes` probes. */
export const blockBytes = (block: DecodedBlock, probes: number): number => bytesFor(block.instructions.length, probes);
/** Bytes that any block takes at the most without probes. */
export const BLOCK_BYTES_MAX = bytesFor(BLOCK_INSTRUCTIONS_MAX, 0);

/** Writes the block at `base` and returns the bytes used. */
export function writeBlock(
  context: WriteContext,
  base: number,
  block: DecodedBlock,
  probes: readonly PlacedProbe[],
): number {
  const { memory, state } = context;
  let at = base;
  /** Counts that may still be merged with a later one: nothing since could fault, leave or look. */
  const open = new Map<number, number>();

  const general = (register: number | undefined): number =>
    state + HART_STATE_OFFSET + HartState.offset.x + (register ?? 0) * 8;
  const destination = (register: number | undefined): number =>
    register === 0 ? state + HART_STATE_OFFSET + HartState.offset.sink : general(register);

  const record = (handler: number, index: number, length: number, pc: bigint): void => {
    new Uint8Array(memory.buffer, at, RECORD_BYTES).fill(0);
    memory.setUint16(at + RECORD.handler, handler, true);
    memory.setUint8(at + RECORD.index, index);
    memory.setUint8(at + RECORD.length, length);
    memory.setBigUint64(at + RECORD.pc, pc, true);
  };

  const writeProbe = ({ request, callback }: PlacedProbe, pc: bigint): void => {
    const { name, counter, operand = 0n, length } = request;
    if (name === 'count') {
      const earlier = open.get(counter!);
      if (earlier !== undefined) {
        const total = memory.getBigUint64(earlier + RECORD.immediate, true) + operand;
        memory.setBigUint64(earlier + RECORD.immediate, total, true);
        return;
      }
      open.set(counter!, at);
    } else {
      open.clear();
    }
    record(PROBE_HANDLERS.get(name)!, request.index, 0, pc);
    memory.setUint32(at + RECORD.first, callback, true);
    if (length !== undefined) memory.setBigUint64(at + RECORD.second, length, true);
    else memory.setUint32(at + RECORD.second, counter ?? 0, true);
    memory.setBigUint64(at + RECORD.immediate, BigInt.asUintN(64, operand), true);
    at += RECORD_BYTES;
  };

  const writeInstruction = (instruction: BlockInstruction, index: number, traced: boolean): void => {
    const { decoded, handled, pc, length, raw } = instruction;
    if (!decoded || !handled) {
      record(context.illegalHandler, index, length, pc);
    } else {
      const { rd, rs1, rs2, imm = 0 } = decoded.operands;
      record(traced ? handled.traced : handled.plain, index, length, pc);
      memory.setUint32(at + RECORD.first, destination(rd), true);
      memory.setUint32(at + RECORD.second, general(rs1), true);
      memory.setUint32(at + RECORD.third, general(rs2), true);
      memory.setBigInt64(at + RECORD.immediate, BigInt(imm), true);
    }
    if (!handled || handled.door) memory.setBigUint64(at + RECORD.immediate, BigInt(raw), true);
    if (!handled || handled.door || handled.loads || handled.stores) open.clear();
    at += RECORD_BYTES;
  };

  let next = 0;
  const due = (index: number, after: boolean): boolean => {
    const probe = probes[next]?.request;
    return probe !== undefined && probe.index === index && probe.after === after;
  };
  for (const [index, instruction] of block.instructions.entries()) {
    for (; due(index, false); next++) writeProbe(probes[next]!, instruction.pc);
    const traced = due(index, true);
    writeInstruction(instruction, index, traced);
    for (; due(index, true); next++) writeProbe(probes[next]!, instruction.pc);
  }
  if (!block.transfers) {
    const last = block.instructions.at(-1)!;
    record(PSEUDO.cut, block.instructions.length - 1, 0, last.pc);
    memory.setBigUint64(at + RECORD.immediate, block.next, true);
    at += RECORD_BYTES;
  }
  new Uint8Array(memory.buffer, at, RECORD_BYTES).fill(0); // links: nothing is known yet
  at += RECORD_BYTES;
  return at - base;
}

/** Probes in the order in which `writeBlock` takes them: by instruction, before it and then after it. */
export const inOrder = (requests: readonly ProbeRequest[]): readonly ProbeRequest[] =>
  requests.toSorted((x, y) => x.index - y.index || Number(x.after) - Number(y.after));
