/**
 * The doors of RISC-V: what the instructions do that leave generated code. Each door finds `pc` at its instruction and
 * leaves it where the hart goes on. A door that refuses throws a Trap and has changed nothing.
 */
import { accessible } from './csr/table.ts';
import type { Decoded } from './decode.ts';
import { CAUSE, type Hart, MACHINE, MSTATUS, Trap, USER } from './hart.ts';

type Door = (hart: Hart, decoded: Decoded) => void;

/** The exception of an instruction that does not exist, or not here and now. @param raw its bits */
export const illegalInstruction = (raw: number): Trap => new Trap(CAUSE.illegalInstruction, BigInt(raw));

function advance(hart: Hart, { length }: Decoded): void {
  hart.state.pc = BigInt.asUintN(64, hart.state.pc + BigInt(length));
}

type Combine = (old: bigint, operand: bigint) => bigint;

/** csrrw and its kin. `always`: a write takes place whatever the operand; else only if it is not x0 or zero. */
const csr =
  (combine: Combine, always: boolean): Door =>
  (hart, decoded) => {
    const { rd = 0, rs1, uimm, imm = 0 } = decoded.operands;
    const { x } = hart.state;
    const writes = always || (rs1 ?? uimm) !== 0;
    const register = accessible(hart, imm, writes);
    if (!register) throw illegalInstruction(decoded.raw);
    const operand = rs1 === undefined ? BigInt(uimm!) : x[rs1]!;
    const old = register.read(hart);
    if (writes) register.write?.(hart, BigInt.asUintN(64, combine(old, operand)));
    if (rd !== 0) x[rd] = old;
    advance(hart, decoded);
  };

const write: Combine = (_, operand) => operand;
const set: Combine = (old, operand) => old | operand;
const clear: Combine = (old, operand) => old & ~operand;

export const DOORS: Readonly<Record<string, Door>> = {
  csrrw: csr(write, true),
  csrrs: csr(set, false),
  csrrc: csr(clear, false),
  csrrwi: csr(write, true),
  csrrsi: csr(set, false),
  csrrci: csr(clear, false),

  ecall: ({ state }) => {
    throw new Trap(state.privilege === MACHINE ? CAUSE.environmentCallFromMachine : CAUSE.environmentCallFromUser, 0n);
  },
  ebreak: () => {
    throw new Trap(CAUSE.breakpoint, 0n);
  },
  mret: (hart, { raw }) => {
    if (hart.state.privilege !== MACHINE) throw illegalInstruction(raw);
    hart.returnFromMachine();
  },
  wfi: (hart, decoded) => {
    const { privilege, mstatus } = hart.state;
    if (privilege === USER && mstatus & MSTATUS.TW) throw illegalInstruction(decoded.raw);
    advance(hart, decoded);
    hart.environment.waitForInterrupt();
  },
  'fence.i': (hart, decoded) => {
    advance(hart, decoded);
    hart.environment.fenceI();
  },
};
