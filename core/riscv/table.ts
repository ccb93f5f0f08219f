/** The instruction table of the hart, and what it calls itself: the one list there is. */
import type { Compressed } from './compressed.ts';
import type { Instruction } from './instruction.ts';
import { A } from './instructions/a.ts';
import { ZBA, ZBB, ZBS } from './instructions/b.ts';
import { COMPRESSED } from './instructions/c.ts';
import { CMO } from './instructions/cmo.ts';
import { D, F } from './instructions/f.ts';
import { HINTS } from './instructions/hints.ts';
import { M } from './instructions/m.ts';
import { RV64I } from './instructions/rv64i.ts';
import { SYSTEM } from './instructions/system.ts';
import { ZICOND } from './instructions/zicond.ts';

/** In the order in which they are tried: hints come before the base instructions that they are drawn from. */
export const INSTRUCTIONS: readonly Instruction[] = [
  ...HINTS,
  ...CMO,
  ...RV64I,
  ...M,
  ...A,
  ...F,
  ...D,
  ...ZBA,
  ...ZBB,
  ...ZBS,
  ...ZICOND,
  ...SYSTEM,
];

/** What the hart can do: `riscv,isa` of its device-tree node, in canonical order (unprivileged manual, "Naming"). */
export const ISA = [
  'rv64imafdc',
  ...['zicbom', 'zicbop', 'zicboz', 'zicntr', 'zicond', 'zicsr', 'zifencei', 'zihintntl', 'zihintpause'],
  ...['zawrs', 'zba', 'zbb', 'zbs', 'sstc', 'svadu', 'svinval', 'svnapot', 'svpbmt'],
].join('_');

/** In the order in which they are tried: c.addi16sp before c.lui, c.jr before c.mv. */
export const COMPRESSED_INSTRUCTIONS: readonly Compressed[] = COMPRESSED;

export const BY_NAME: ReadonlyMap<string, Instruction> = new Map(INSTRUCTIONS.map((entry) => [entry.name, entry]));
