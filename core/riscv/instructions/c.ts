/** C: compressed instructions (unprivileged manual, chapter "C", tables of quadrants 0 to 2). */
import { compressedExtension, stands } from '../compressed.ts';
import { floatRegister, floatRegisterPrime, register, registerPrime, signed, unsigned } from '../encoding.ts';

const rd = register(7);
const rs2 = register(2);
/** The three-bit register fields at bits 9:7 and 4:2. */
const high = registerPrime(7);
const low = registerPrime(2);
const lowFloat = floatRegisterPrime(2);

const SP = 2;
const RA = 1;

const imm6 = signed('12=5 6:2=4:0');
const shamt = unsigned('12=5 6:2=4:0');
const word = unsigned('12:10=5:3 6=2 5=6');
const double = unsigned('12:10=5:3 6:5=7:6');
const branch = signed('12=8 11:10=4:3 6:5=7:6 4:3=2:1 2=5');
const jump = signed('12=11 11=4 10:9=9:8 8=10 7=6 6=7 5:3=3:1 2=5');

export const COMPRESSED = compressedExtension({
  c_addi4spn: stands('addi', '000 ........ ... 00', {
    rd: low,
    rs1: SP,
    'imm!': unsigned('12:11=5:4 10:7=9:6 6=2 5=3'),
  }),
  c_fld: stands('fld', '001 ... ... .. ... 00', { rd: lowFloat, rs1: high, imm: double }),
  c_lw: stands('lw', '010 ... ... .. ... 00', { rd: low, rs1: high, imm: word }),
  c_ld: stands('ld', '011 ... ... .. ... 00', { rd: low, rs1: high, imm: double }),
  c_fsd: stands('fsd', '101 ... ... .. ... 00', { rs1: high, rs2: lowFloat, imm: double }),
  c_sw: stands('sw', '110 ... ... .. ... 00', { rs1: high, rs2: low, imm: word }),
  c_sd: stands('sd', '111 ... ... .. ... 00', { rs1: high, rs2: low, imm: double }),

  // With rd or the immediate zero these are c.nop and hints, which do nothing as the base instruction would.
  c_addi: stands('addi', '000 . ..... ..... 01', { rd, rs1: 'rd', imm: imm6 }),
  c_addiw: stands('addiw', '001 . ..... ..... 01', { 'rd!': rd, rs1: 'rd', imm: imm6 }),
  c_li: stands('addi', '010 . ..... ..... 01', { rd, rs1: 0, imm: imm6 }),
  c_addi16sp: stands('addi', '011 . 00010 ..... 01', {
    rd: SP,
    rs1: SP,
    'imm!': signed('12=9 6=4 5=6 4:3=8:7 2=5'),
  }),
  c_lui: stands('lui', '011 . ..... ..... 01', { rd, 'imm!': signed('12=17 6:2=16:12') }),
  c_srli: stands('srli', '100 . 00 ... ..... 01', { rd: high, rs1: 'rd', imm: shamt }),
  c_srai: stands('srai', '100 . 01 ... ..... 01', { rd: high, rs1: 'rd', imm: shamt }),
  c_andi: stands('andi', '100 . 10 ... ..... 01', { rd: high, rs1: 'rd', imm: imm6 }),
  c_sub: stands('sub', '100 0 11 ... 00 ... 01', { rd: high, rs1: 'rd', rs2: low }),
  c_xor: stands('xor', '100 0 11 ... 01 ... 01', { rd: high, rs1: 'rd', rs2: low }),
  c_or: stands('or', '100 0 11 ... 10 ... 01', { rd: high, rs1: 'rd', rs2: low }),
  c_and: stands('and', '100 0 11 ... 11 ... 01', { rd: high, rs1: 'rd', rs2: low }),
  c_subw: stands('subw', '100 1 11 ... 00 ... 01', { rd: high, rs1: 'rd', rs2: low }),
  c_addw: stands('addw', '100 1 11 ... 01 ... 01', { rd: high, rs1: 'rd', rs2: low }),
  c_j: stands('jal', '101 ........... 01', { rd: 0, imm: jump }),
  c_beqz: stands('beq', '110 ... ... ..... 01', { rs1: high, rs2: 0, imm: branch }),
  c_bnez: stands('bne', '111 ... ... ..... 01', { rs1: high, rs2: 0, imm: branch }),

  c_slli: stands('slli', '000 . ..... ..... 10', { rd, rs1: 'rd', imm: shamt }),
  c_fldsp: stands('fld', '001 . ..... ..... 10', {
    rd: floatRegister(7),
    rs1: SP,
    imm: unsigned('12=5 6:5=4:3 4:2=8:6'),
  }),
  c_lwsp: stands('lw', '010 . ..... ..... 10', { 'rd!': rd, rs1: SP, imm: unsigned('12=5 6:4=4:2 3:2=7:6') }),
  c_ldsp: stands('ld', '011 . ..... ..... 10', { 'rd!': rd, rs1: SP, imm: unsigned('12=5 6:5=4:3 4:2=8:6') }),
  c_jr: stands('jalr', '100 0 ..... 00000 10', { rd: 0, 'rs1!': rd, imm: 0 }),
  c_mv: stands('add', '100 0 ..... ..... 10', { rd, rs1: 0, 'rs2!': rs2 }),
  c_ebreak: stands('ebreak', '100 1 00000 00000 10', {}),
  c_jalr: stands('jalr', '100 1 ..... 00000 10', { rd: RA, 'rs1!': rd, imm: 0 }),
  c_add: stands('add', '100 1 ..... ..... 10', { rd, rs1: 'rd', 'rs2!': rs2 }),
  c_fsdsp: stands('fsd', '101 ... ... ..... 10', {
    rs1: SP,
    rs2: floatRegister(2),
    imm: unsigned('12:10=5:3 9:7=8:6'),
  }),
  c_swsp: stands('sw', '110 . ..... ..... 10', { rs1: SP, rs2, imm: unsigned('12:9=5:2 8:7=7:6') }),
  c_sdsp: stands('sd', '111 . ..... ..... 10', { rs1: SP, rs2, imm: unsigned('12:10=5:3 9:7=8:6') }),
});
