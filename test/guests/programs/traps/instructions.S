/* Instructions that trap, and the table for vectored mode; see traps.h. */

  .macro provoker name, instruction:vararg
  .balign 4
  .globl \name
  .type \name, @function
\name:
  .globl \name\()_at
\name\()_at:
  \instruction
  ret
  .size \name, . - \name
  .endm

  .text
  .option push
  .option norvc
  provoker do_illegal, .word 0xffffffff
  provoker do_ebreak, ebreak
  provoker do_ecall, ecall
  provoker do_unknown_csr, csrr a0, 0x5ff
  provoker do_write_read_only_csr, csrw mhartid, a0
  provoker do_read_mstatus, csrr a0, mstatus
  provoker do_mret, mret
  provoker do_read_cycle, csrr a0, cycle
  provoker do_read_time, csrr a0, time
  provoker do_read_instret, csrr a0, instret
  provoker do_load, ld a0, 0(a0)
  provoker do_store, sd zero, 0(a0)
  provoker do_amo, amoadd.w a0, a0, (a0)
  provoker do_amo_wide, amoadd.d a0, a0, (a0)
  provoker do_load_reserved, lr.d a0, (a0)
  .option pop
  provoker do_illegal_compressed, .2byte 0
  provoker do_ebreak_compressed, c.ebreak

  /* For traps out of machine mode: each entry notes itself and joins the vector of the runtime. */
  .macro vector number
  .balign 4
  j vector_\number
  .endm
  .macro note number
vector_\number:
  addi sp, sp, -16
  sd t0, 0(sp)
  sd t1, 8(sp)
  li t0, \number
  sd t0, vector_taken, t1
  ld t0, 0(sp)
  ld t1, 8(sp)
  addi sp, sp, 16
  j trap_vector
  .endm

  .option push
  .option norvc
  .balign 256
  .globl vector_table
vector_table:
  .irp number, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
  vector \number
  .endr
  .irp number, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
  note \number
  .endr
  .option pop

  .data
  .balign 8
  .globl vector_taken
vector_taken:
  .dword 0
