/** Zicsr, Zifencei, Svinval and the privileged instructions: each leaves generated code by its door. */
import { C, extension, I, instruction, N, R, Z } from '../instruction.ts';

/** An address, and the number of an address space. */
const ADDRESS_SPACE = 'rs1, rs2';

export const SYSTEM = extension({
  csrrw: instruction(C`............ ..... 001 ..... 1110011`, (b) => b.exit('csrrw')),
  csrrs: instruction(C`............ ..... 010 ..... 1110011`, (b) => b.exit('csrrs')),
  csrrc: instruction(C`............ ..... 011 ..... 1110011`, (b) => b.exit('csrrc')),
  csrrwi: instruction(Z`............ ..... 101 ..... 1110011`, (b) => b.exit('csrrwi')),
  csrrsi: instruction(Z`............ ..... 110 ..... 1110011`, (b) => b.exit('csrrsi')),
  csrrci: instruction(Z`............ ..... 111 ..... 1110011`, (b) => b.exit('csrrci')),

  fence_i: instruction(I`............ ..... 001 ..... 0001111`, (b) => b.exit('fence.i'), ''),

  mret: instruction(N`0011000 00010 00000 000 00000 1110011`, (b) => b.exit('mret')),
  sret: instruction(N`0001000 00010 00000 000 00000 1110011`, (b) => b.exit('sret')),
  wfi: instruction(N`0001000 00101 00000 000 00000 1110011`, (b) => b.exit('wfi')),

  sfence_vma: instruction(R`0001001 ..... ..... 000 00000 1110011`, (b) => b.exit('sfence.vma'), ADDRESS_SPACE),
  sinval_vma: instruction(R`0001011 ..... ..... 000 00000 1110011`, (b) => b.exit('sinval.vma'), ADDRESS_SPACE),
  sfence_w_inval: instruction(N`0001100 00000 00000 000 00000 1110011`, (b) => b.exit('sfence.w.inval')),
  sfence_inval_ir: instruction(N`0001100 00001 00000 000 00000 1110011`, (b) => b.exit('sfence.inval.ir')),
});
