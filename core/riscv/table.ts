/** The instruction table of RV64IMAC with Zicsr, Zifencei, Svinval and the privileged instructions: the one list. */
import type { Compressed } from './compressed.ts';
import type { Instruction } from './instruction.ts';
import { A } from './instructions/a.ts';
import { COMPRESSED } from './instructions/c.ts';
import { M } from './instructions/m.ts';
import { RV64I } from './instructions/rv64i.ts';
import { SYSTEM } from './instructions/system.ts';

export const INSTRUCTIONS: readonly Instruction[] = [...RV64I, ...M, ...A, ...SYSTEM];

/** In the order in which they are tried: c.addi16sp before c.lui, c.jr before c.mv. */
export const COMPRESSED_INSTRUCTIONS: readonly Compressed[] = COMPRESSED;

export const BY_NAME: ReadonlyMap<string, Instruction> = new Map(INSTRUCTIONS.map((entry) => [entry.name, entry]));
