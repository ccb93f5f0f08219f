import { describe, expect, test } from 'vitest';
import { assemble } from '../../../core/riscv/assemble.ts';
import { disassemble } from '../../../core/riscv/disassemble.ts';

describe('assemble', () => {
  test('resolves labels, and takes data, comments and empty lines', () => {
    const code = assemble(
      '# nothing\nstart:\n\n  jal zero, behind # over the data\n.word 0x12345678\nbehind:\nbeq a0, a1, start',
    );
    expect([...new Uint32Array(code.buffer)]).toEqual([0x0080006f, 0x12345678, 0xfeb50ce3]);
  });

  test('takes registers by either name, and numbers in hexadecimal', () => {
    expect(assemble('addi x10, fp, -0x10')).toEqual(assemble('addi a0, s0, -16'));
  });

  test('counts targets from the origin', () => {
    expect(assemble('jal zero, 0x1010', 0x1000n)).toEqual(assemble('jal zero, 0x80000010'));
  });

  test.each([
    ['frobnicate a0', 'line 1: no such instruction: frobnicate'],
    ['ecall\naddi a0, a1', 'line 2: operands "a0, a1": expected "rd, rs1, imm"'],
    ['addi a0, a9, 1', 'line 1: operand "a9": expected rs1'],
    ['addi a0, a1, x', 'line 1: operand "x": expected imm'],
    ['addi a0, a1, 4096', 'line 1: addi: imm = 4096 does not fit: expected -2048 to 2047'],
    ['slli a0, a1, 64', 'line 1: slli: imm = 64 does not fit: expected 0 to 63'],
    ['slliw a0, a1, 32', 'line 1: slliw: imm = 32 does not fit: expected 0 to 31'],
    ['jal zero, nowhere', 'line 1: operand "nowhere": expected target'],
    ['lw a0, a1', 'line 1: operands "a0, a1": expected "rd, imm(rs1)"'],
    ['csrrw a0, nosuch, a0', 'line 1: operand "nosuch": expected csr'],
    ['fence rwx, w', 'line 1: operand "rwx": expected pred'],
    ['lui a0, 0x100000', 'line 1: operand "0x100000": expected upper'],
    ['lui a0, -1', 'line 1: operand "-1": expected upper'],
    ['.word', 'line 1: .word "": expected a number of 32 bits'],
    ['.word 0x100000000', 'line 1: .word "0x100000000": expected a number of 32 bits'],
    ['.word hello', 'line 1: .word "hello": expected a number of 32 bits'],
  ])('%j is refused', (source, message) => {
    expect(() => assemble(source)).toThrow(message);
  });
});

describe('disassemble', () => {
  const shown = (bytes: readonly number[], pc = 0x8000_0000n) => disassemble(Uint8Array.from(bytes), pc);

  test('shows targets as addresses, and CSRs by name', () => {
    expect(shown([0x6f, 0x00, 0x80, 0x00])).toEqual({ text: 'jal             zero,0x80000008', length: 4 });
    expect(shown([0xf3, 0x22, 0x40, 0xf1])).toEqual({ text: 'csrrs           t0,mhartid,zero', length: 4 });
    expect(shown([0xf3, 0x22, 0xf0, 0x8f])).toEqual({ text: 'csrrs           t0,0x8ff,zero', length: 4 });
  });

  test('wraps targets around', () => {
    expect(shown([0x6f, 0xf0, 0x9f, 0xff], 0n).text).toBe('jal             zero,0xfffffffffffffff8');
  });

  test('shows compressed instructions as what they stand for', () => {
    expect(shown([0x05, 0x05])).toEqual({ text: 'addi            a0,a0,1', length: 2 });
  });

  test('shows what is illegal, or cut off, as data', () => {
    expect(shown([0x00, 0x00])).toEqual({ text: '.half           0x0000', length: 2 });
    expect(shown([0x6b, 0x12, 0x34, 0x56])).toEqual({ text: '.word           0x5634126b', length: 4 });
    expect(shown([0x13, 0x05])).toEqual({ text: '.half           0x0513', length: 2 });
  });
});
