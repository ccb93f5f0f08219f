/* Where every hart starts and where every trap enters; the contracts are in runtime.h. */
#include "runtime.h"

  .macro load_gp
  .option push
  .option norelax
  la gp, __global_pointer$
  .option pop
  .endm

  /* a0: hart id, a1: device tree, as the boot ROM leaves them. */
  .section .text.start, "ax", @progbits
  .globl _start
  .type _start, @function
_start:
  load_gp
  csrw mie, zero
  csrw mscratch, zero
  la t0, trap_vector
  csrw mtvec, t0
  li t0, HARTS_MAX
  bgeu a0, t0, park
  mv tp, a0
  la sp, _stacks
  addi t0, a0, 1
  slli t0, t0, STACK_SHIFT
  add sp, sp, t0
  bnez a0, hart_wait
  la t0, _bss
  la t1, _bss_end
1:
  bgeu t0, t1, 2f
  sd zero, 0(t0)
  addi t0, t0, 8
  j 1b
2:
  mv a0, a1
  tail hart_start
park:
  wfi
  j park
  .size _start, . - _start

  .macro for_registers operation
  /* All but zero and sp. */
  .irp n, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
  \operation x\n, 8 * \n(sp)
  .endr
  .endm

  /*
   * In machine mode mscratch is zero and a trap goes on on the same stack. In user mode mscratch holds the stack of
   * machine mode, just above the frame that a trap makes.
   */
  .text
  .balign 4
  .globl trap_vector
  .type trap_vector, @function
trap_vector:
  csrrw sp, mscratch, sp
  bnez sp, 1f
  csrr sp, mscratch
1:
  addi sp, sp, -FRAME_BYTES
  for_registers sd
  csrrw t0, mscratch, zero
  sd zero, 0(sp)
  sd t0, 8 * 2(sp)
  csrr t0, mepc
  sd t0, FRAME_PC(sp)
  csrr t0, mstatus
  sd t0, FRAME_STATUS(sp)
  csrr t0, mcause
  sd t0, FRAME_CAUSE(sp)
  csrr t0, mtval
  sd t0, FRAME_VALUE(sp)
  load_gp
  csrr tp, mhartid
  mv a0, sp
  la t0, trap_handler
  ld t0, 0(t0)
  jalr t0

  ld t0, FRAME_PC(sp)
  csrw mepc, t0
  ld t0, FRAME_STATUS(sp)
  csrw mstatus, t0
  li t1, MSTATUS_MPP
  and t0, t0, t1
  bnez t0, 2f
  addi t0, sp, FRAME_BYTES
  csrw mscratch, t0
2:
  for_registers ld
  ld sp, 8 * 2(sp)
  mret
  .size trap_vector, . - trap_vector

  .macro for_saved operation
  \operation ra, 0(sp)
  .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
  \operation s\n, 8 + 8 * \n(sp)
  .endr
  .endm
#define SAVED_BYTES 112

  .globl user_call
  .type user_call, @function
user_call:
  addi sp, sp, -SAVED_BYTES
  for_saved sd
  csrrci t0, mstatus, MSTATUS_MIE
  andi t0, t0, MSTATUS_MIE
  slli t0, t0, 4                /* the bit of MPIE, from which mret takes MIE */
  li t1, MSTATUS_MPP | MSTATUS_MPIE
  csrc mstatus, t1
  csrs mstatus, t0
  csrw mscratch, sp
  csrw mepc, a0
  mv a0, a1
  mv sp, a2
  la ra, user_exit
  mret
  .size user_call, . - user_call

  .globl user_exit
  .type user_exit, @function
user_exit:
  ecall
  .size user_exit, . - user_exit

  /* Where `user_leave` sends the hart, back in machine mode: sp and a0 are set. */
  .globl user_left
  .type user_left, @function
user_left:
  for_saved ld
  addi sp, sp, SAVED_BYTES
  ret
  .size user_left, . - user_left
