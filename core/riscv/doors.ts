/**
 * The doors of RISC-V: what the instructions do that leave generated code. Each door finds `pc` at its instruction and
 * leaves it where the hart goes on. A door that refuses throws a Trap and has changed nothing.
 */
import { accessible } from './csr/table.ts';
import type { Decoded } from './decode.ts';
import { CAUSE, type Hart, MACHINE, MSTATUS, SUPERVISOR, Trap, USER } from './hart.ts';

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
    if (writes) register.write?.(hart, BigInt.asUintN(64, combine(register.held?.(hart) ?? old, operand)));
    if (rd !== 0) x[rd] = old;
    advance(hart, decoded);
  };

const write: Combine = (_, operand) => operand;
const set: Combine = (old, operand) => old | operand;
const clear: Combine = (old, operand) => old & ~operand;

/** Whether the hart may do what is for supervisor mode, unless `trap`, a bit of `mstatus`, keeps that for machine mode. */
const maySupervise = ({ state: { privilege, mstatus } }: Hart, trap: bigint): boolean =>
  privilege === MACHINE || (privilege === SUPERVISOR && (mstatus & trap) === 0n);

/** Everything that the instruction could wait for has already happened. */
const fenceTranslations: Door = (hart, decoded) => {
  if (!maySupervise(hart, MSTATUS.TVM)) throw illegalInstruction(decoded.raw);
  const { rs1 = 0, rs2 = 0 } = decoded.operands;
  const { x } = hart.state;
  hart.environment.translationChanged({
    address: rs1 === 0 ? undefined : x[rs1]!,
    asid: rs2 === 0 ? undefined : Number(BigInt.asUintN(16, x[rs2]!)),
  });
  advance(hart, decoded);
};

/** Orders what `sinval.vma` leaves unordered; here that one is a whole `sfence.vma`. */
const orderInvalidations: Door = (hart, decoded) => {
  if (hart.state.privilege === USER) throw illegalInstruction(decoded.raw);
  advance(hart, decoded);
};

export const DOORS: Readonly<Record<string, Door>> = {
  csrrw: csr(write, true),
  csrrs: csr(set, false),
  csrrc: csr(clear, false),
  csrrwi: csr(write, true),
  csrrsi: csr(set, false),
  csrrci: csr(clear, false),

  ecall: ({ state }) => {
    throw new Trap(CAUSE.environmentCallFromUser + state.privilege, 0n);
  },
  ebreak: () => {
    throw new Trap(CAUSE.breakpoint, 0n);
  },
  mret: (hart, { raw }) => {
    if (hart.state.privilege !== MACHINE) throw illegalInstruction(raw);
    hart.returnFromMachine();
  },
  sret: (hart, { raw }) => {
    if (!maySupervise(hart, MSTATUS.TSR)) throw illegalInstruction(raw);
    hart.returnFromSupervisor();
  },
  // In user mode it would have to end by itself before long; in supervisor mode that is for TW to say.
  wfi: (hart, decoded) => {
    if (!maySupervise(hart, MSTATUS.TW)) throw illegalInstruction(decoded.raw);
    advance(hart, decoded);
    hart.environment.waitForInterrupt();
  },
  'sfence.vma': fenceTranslations,
  'sinval.vma': fenceTranslations,
  'sfence.w.inval': orderInvalidations,
  'sfence.inval.ir': orderInvalidations,
  'fence.i': (hart, decoded) => {
    advance(hart, decoded);
    hart.environment.fenceI();
  },
};
