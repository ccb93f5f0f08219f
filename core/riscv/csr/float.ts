/** CSRs of floating point (unprivileged manual, chapter "F"). */
import { type Hart, MSTATUS } from '../hart.ts';
import type { HartView } from '../state.ts';
import type { Unnamed } from './csr.ts';

const FFLAGS = 0x1fn;
const FRM_SHIFT = 5n;
const FRM = 7n;

/** A part of `fcsr`, or all of it; writing it leaves the floating-point state dirty. */
const float = (read: (state: HartView) => bigint, write: (state: HartView, value: bigint) => void): Unnamed => ({
  allowed: ({ state }: Hart) => (state.mstatus & MSTATUS.FS) !== 0n,
  read: ({ state }: Hart) => read(state),
  write: ({ state }: Hart, value: bigint) => {
    write(state, value);
    state.mstatus |= MSTATUS.FS | MSTATUS.SD;
  },
});

export const FLOAT_CSRS: Readonly<Record<string, Unnamed>> = {
  fflags: float(
    ({ fflags }) => fflags,
    (state, value) => {
      state.fflags = value & FFLAGS;
    },
  ),
  frm: float(
    ({ frm }) => frm,
    (state, value) => {
      state.frm = value & FRM;
    },
  ),
  fcsr: float(
    ({ fflags, frm }) => (frm << FRM_SHIFT) | fflags,
    (state, value) => {
      state.fflags = value & FFLAGS;
      state.frm = (value >> FRM_SHIFT) & FRM;
    },
  ),
};
