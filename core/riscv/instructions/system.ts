/** Zicsr, Zifencei and the privileged instructions of machine and user mode: each leaves generated code by its door. */
import { C, extension, I, instruction, N, Z } from '../instruction.ts';

export const SYSTEM = extension({
  csrrw: instruction(C`............ ..... 001 ..... 1110011`, (b) => b.exit('csrrw')),
  csrrs: instruction(C`............ ..... 010 ..... 1110011`, (b) => b.exit('csrrs')),
  csrrc: instruction(C`............ ..... 011 ..... 1110011`, (b) => b.exit('csrrc')),
  csrrwi: instruction(Z`............ ..... 101 ..... 1110011`, (b) => b.exit('csrrwi')),
  csrrsi: instruction(Z`............ ..... 110 ..... 1110011`, (b) => b.exit('csrrsi')),
  csrrci: instruction(Z`............ ..... 111 ..... 1110011`, (b) => b.exit('csrrci')),

  fence_i: instruction(I`............ ..... 001 ..... 0001111`, (b) => b.exit('fence.i'), ''),

  mret: instruction(N`0011000 00010 00000 000 00000 1110011`, (b) => b.exit('mret')),
  wfi: instruction(N`0001000 00101 00000 000 00000 1110011`, (b) => b.exit('wfi')),
});
