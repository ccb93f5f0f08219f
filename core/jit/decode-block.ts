/** Reads guest code and cuts it into a block. Nothing is read twice: what plugins see are the bytes decoded here. */
import { PAGE_BYTES } from '../memory/layout.ts';
import type { BlockInfo, InstructionInfo } from '../plugin/plugin.ts';
import { type Decoded, decode, lengthOf } from '../riscv/decode.ts';
import { printInstruction } from '../riscv/disassemble.ts';
import { BLOCK_INSTRUCTIONS_MAX } from '../wasm/record.ts';
import { HANDLED, type Handled } from './handlers.ts';

/** One instruction of a block. Without `decoded`, an illegal one. */
export interface BlockInstruction {
  readonly pc: bigint;
  readonly raw: number;
  readonly length: number;
  readonly decoded: Decoded | undefined;
  readonly handled: Handled | undefined;
}

export interface DecodedBlock {
  readonly pc: bigint;
  readonly instructions: readonly BlockInstruction[];
  /** The last instruction transfers control; else the block is cut and goes on at `next`. */
  readonly transfers: boolean;
  readonly next: bigint;
  /** Addresses in shared memory, one on each page that holds bytes of the block. */
  readonly hosts: readonly number[];
}

/** Where blocks end before they would by themselves. */
export interface BlockLimits {
  /** Instructions that a block has at the most, 1 to BLOCK_INSTRUCTIONS_MAX. */
  readonly instructionsMax: number;
  /** Addresses in front of which it ends. */
  readonly breakpoints: ReadonlySet<bigint>;
  /** It ends behind an instruction that loads or stores. */
  readonly endsAtAccesses: boolean;
}

export const UNLIMITED: BlockLimits = {
  instructionsMax: BLOCK_INSTRUCTIONS_MAX,
  breakpoints: new Set(),
  endsAtAccesses: false,
};

/** The same few words recur all over a program. */
const memo = new Map<number, Decoded | undefined>();
const MEMO_MAX = 1 << 16;

/** As `decode` has it. */
export function decodeWord(raw: number): Decoded | undefined {
  if (memo.has(raw)) return memo.get(raw);
  if (memo.size >= MEMO_MAX) memo.clear();
  const decoded = decode(raw);
  memo.set(raw, decoded);
  return decoded;
}

/**
 * Decodes the block at `pc`. Only its first instruction may reach into another page, and then it is the only one, so
 * that a block belongs to one page, or ends where that instruction does.
 * @param first where `pc` lies in the shared memory
 * @param second where the page behind lies; -1 where that has not been looked at
 * @returns undefined where the first instruction reaches into a page that has not been looked at
 */
export function decodeBlock(
  bytes: DataView,
  pc: bigint,
  first: number,
  second: number,
  { instructionsMax, breakpoints, endsAtAccesses }: BlockLimits,
): DecodedBlock | undefined {
  const pageLeft = PAGE_BYTES - (first % PAGE_BYTES);
  const instructions: BlockInstruction[] = [];
  const hosts = [first];
  let offset = 0;
  let transfers = false;

  while (!transfers && instructions.length < instructionsMax && offset < pageLeft) {
    const address = BigInt.asUintN(64, pc + BigInt(offset));
    if (offset > 0 && breakpoints.has(address)) break;
    const halfword = bytes.getUint16(first + offset, true);
    const length = lengthOf(halfword);
    let high = first + offset + 2;
    if (offset + length > pageLeft) {
      if (offset > 0) break;
      if (second < 0) return undefined;
      high = second;
      hosts.push(second);
    }
    const raw = length === 4 ? (halfword | (bytes.getUint16(high, true) << 16)) >>> 0 : halfword;
    const decoded = decodeWord(raw);
    const handled = decoded && HANDLED.get(decoded.instruction);
    instructions.push({ pc: address, raw, length, decoded, handled });
    transfers = handled === undefined || handled.ends;
    offset += length;
    if (endsAtAccesses && (handled?.loads || handled?.stores)) break;
  }
  return { pc, instructions, transfers, next: BigInt.asUintN(64, pc + BigInt(offset)), hosts };
}

class Info implements InstructionInfo {
  readonly #instruction: BlockInstruction;
  constructor(instruction: BlockInstruction) {
    this.#instruction = instruction;
  }
  get pc(): bigint {
    return this.#instruction.pc;
  }
  get raw(): number {
    return this.#instruction.raw;
  }
  get length(): number {
    return this.#instruction.length;
  }
  get name(): string {
    return this.#instruction.decoded?.instruction.name ?? 'illegal';
  }
  get class(): InstructionInfo['class'] {
    return this.#instruction.handled?.class ?? 'system';
  }
  get loads(): boolean {
    return this.#instruction.handled?.loads ?? false;
  }
  get stores(): boolean {
    return this.#instruction.handled?.stores ?? false;
  }
  get accessBytes(): number {
    return this.#instruction.handled?.accessBytes ?? 0;
  }
  get disassembly(): string {
    const { decoded, pc } = this.#instruction;
    return decoded ? printInstruction(decoded, pc) : 'illegal';
  }
}

/** The block as plugins see it. */
export const blockInfo = (block: DecodedBlock): BlockInfo => ({
  pc: block.pc,
  instructions: block.instructions.map((instruction) => new Info(instruction)),
  end: block.transfers ? 'transfer' : 'cut',
});
