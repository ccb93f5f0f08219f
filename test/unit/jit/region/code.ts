/** Guest code as the translator sees it, without a vCPU: blocks that are decoded from assembly. */
import { type DecodedBlock, decodeBlock, UNLIMITED } from '../../../../core/jit/decode-block.ts';
import type { RegionPart } from '../../../../core/jit/region/form-region.ts';
import { type PlacedProbe, scriptOf } from '../../../../core/jit/script.ts';
import { assemble } from '../../../../core/riscv/assemble.ts';

export interface GuestCode {
  /** Address of the label. */
  at(label: string): bigint;
  /** The label at the address; else the address. */
  nameOf(address: bigint): string;
  /** The block at the address, always the same one; undefined where there is no code. */
  blockAt(address: bigint): DecodedBlock | undefined;
}

/** Where code stands, in this memory too. */
const ORIGIN = 0x1000n;

/** @param source for `assemble`, with a line for each label */
export function guestCode(source: string): GuestCode {
  const code = assemble(source, ORIGIN);
  const memory = new DataView(new ArrayBuffer(Number(ORIGIN) + code.length));
  new Uint8Array(memory.buffer).set(code, Number(ORIGIN));
  const labels = new Map<string, bigint>();
  let address = ORIGIN;
  for (const line of source.split('\n').map((text) => text.trim()))
    if (line.endsWith(':')) labels.set(line.slice(0, -1), address);
    else if (line !== '') address += 4n;
  const names = new Map([...labels].map(([name, at]) => [at, name]));
  const blocks = new Map<bigint, DecodedBlock>();
  return {
    at: (label) => labels.get(label)!,
    nameOf: (at) => names.get(at) ?? `0x${at.toString(16)}`,
    blockAt(at) {
      if (at < ORIGIN || at >= memory.byteLength) return undefined;
      const block = blocks.get(at) ?? decodeBlock(memory, at, Number(at), -1, UNLIMITED)!;
      blocks.set(at, block);
      return block;
    },
  };
}

export const partOf = (block: DecodedBlock, probes: readonly PlacedProbe[] = []): RegionPart => ({
  block,
  steps: scriptOf(block, probes),
});
