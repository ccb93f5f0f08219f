/** What the shared memory holds for each vCPU besides the guest's registers: control words, statistics, scratch. */
import { VCPU_STATE_BYTES } from '../memory/layout.ts';
import { array, i32, struct, u32, u64 } from '../memory/struct.ts';
import { HartState } from '../riscv/state.ts';

export const VcpuState = struct({
  /** Why the vCPU should look up: bits of ATTENTION. Any thread sets bits, the vCPU clears them; always Atomics. */
  attention: i32,
  /** 1 while the vCPU runs no guest code and will not before it is told to: stopped by the monitor. */
  parked: i32,
  /** 1 while it sleeps in `wfi`. */
  halted: i32,
  /** Host thread, as the host numbers it. */
  threadId: u32,
  /** Characters of text on their way to main; see `hart/outbox`. */
  textPending: i32,

  /** Whether code of a plugin runs, and for how long; see `hart/custody`. */
  pluginRunning: i32,
  pluginCalls: i32,
  condemned: i32,
  /** The probe in generated code that has called last; 0 outside of generated code. */
  callbackRecord: u32,
  /** Request that is being served, by its number plus one; 0 between requests. */
  serving: u32,

  /** Record and link slot at which generated code was left; see `wasm/interpreter`. */
  exitRecord: u32,
  exitLink: u32,
  /** Times generated code was left, by exit code. */
  exits: array(u32, 16),

  /** While a region calls a callback: instructions that it has retired, but for those of the block in progress. */
  regionRetired: u32,
  /** What the vCPU's mode and address space are to compiled regions; see `jit/regions`. */
  regionKey: i32,

  /** The last access that left the fast path or that a probe looks at. */
  accessAddress: u64,
  accessKind: u64,
  accessValue: u64,
  /** What an access that left the fast path gives to its instruction. */
  accessResult: u64,

  /** Of a floating-point op that is done out of line. */
  floatOperands: array(u64, 4),
  floatResult: u64,

  /** Statistics of translated code; see CodeStatistics in `machine/interface`. */
  blocks: u32,
  annotated: u32,
  codeBytes: u32,
  translated: u32,
  instrumented: u32,
  droppedByStore: u32,
  droppedByPlugin: u32,
  flushes: u32,
  regions: u32,
  regionBytes: u32,
  /** Regions made since the start, and microseconds spent on that. */
  compiled: u32,
  compileMicroseconds: u32,

  /** Pages whose translated code another thread has overwritten; see `jit/code-pages`. */
  stalePageCount: i32,
  stalePages: array(u32, 64),
});

/** Reasons for which a vCPU looks up from running guest code. */
export const ATTENTION = {
  /** An interrupt line changed. */
  interrupt: 1,
  /** A message waits on its port. */
  message: 2,
  /** Code that it translated has been overwritten by another vCPU. */
  stale: 4,
  /** The machine is to stop running: park. */
  park: 8,
  /** The translator has made a region. */
  translated: 16,
} as const;

/** Where the guest's registers start within a vCPU's area; the control words come first. */
export const HART_STATE_OFFSET = Math.ceil(VcpuState.size / 256) * 256;

if (HART_STATE_OFFSET + HartState.size > VCPU_STATE_BYTES)
  throw new Error('a vCPU needs more state than the layout has');
