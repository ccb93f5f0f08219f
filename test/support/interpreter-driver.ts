/** The interpreter as a way of running guest programs: one vCPU on this thread, with RAM and no devices. */

import { demandAttention } from '../../core/hart/lines.ts';
import type { DeviceBus } from '../../core/hart/slow-access.ts';
import { ATTENTION } from '../../core/hart/state.ts';
import { Vcpu } from '../../core/hart/vcpu.ts';
import { CodePages } from '../../core/jit/code-pages.ts';
import { createGuestInterpreter } from '../../core/jit/handlers.ts';
import { createMemory, type Layout, layoutOf } from '../../core/memory/layout.ts';
import { PhysicalMemory } from '../../core/memory/physical.ts';
import { assemble } from '../../core/riscv/assemble.ts';
import { CAUSE } from '../../core/riscv/hart.ts';
import {
  endOf,
  enterProgram,
  type IsaDriver,
  RAM_BYTES,
  registersOf,
  SCRATCH_BYTES,
  scratchOf,
  startOf,
} from './isa-driver.ts';
import { RAM_START, type TakenTrap } from './oracle.ts';

export interface InterpreterMachine {
  readonly vcpu: Vcpu;
  readonly buffer: SharedArrayBuffer;
  readonly layout: Layout;
  /** Guest RAM, which starts at RAM_START. */
  readonly ram: Uint8Array;
  /** Every trap taken, the first one first. */
  readonly traps: TakenTrap[];
}

export interface InterpreterMachineOptions {
  readonly ramBytes?: number;
  /** Bytes for translated code; few make the vCPU translate again and again. */
  readonly codeBytes?: number;
  /** Times that a block is entered before it is compiled; -1 never. */
  readonly coldness?: number;
  /** Instructions for which compiled code runs at the most. */
  readonly budget?: number;
  /** By default it stands at each trap, so that whoever runs it can see what has happened. */
  readonly stopsAtTraps?: boolean;
  readonly bus?: DeviceBus;
}

/** A vCPU that nobody else shares its memory with, as it is after reset. */
export function createInterpreterMachine(options: InterpreterMachineOptions = {}): InterpreterMachine {
  const layout = layoutOf(1, options.ramBytes ?? RAM_BYTES);
  const memory = createMemory(layout);
  const interpreter = createGuestInterpreter(layout.wasmPages);
  const traps: TakenTrap[] = [];
  const vcpu = new Vcpu({
    memory,
    layout,
    index: 0,
    interpreter,
    module: new WebAssembly.Module(interpreter.bytes),
    physical: new PhysicalMemory([
      { address: Number(RAM_START), bytes: layout.ramBytes, host: layout.ram, writable: true },
    ]),
    codePages: new CodePages(memory.buffer, layout, 0),
    bus: options.bus ?? { read: () => undefined, write: () => false },
    time: () => 0n,
    setSupervisorTimer: () => {},
    trapped: (cause, interrupt, epc, tval) => {
      traps.push({ cause, interrupt, epc, tval });
      if (options.stopsAtTraps !== false) demandAttention(memory.buffer, layout, 0, ATTENTION.park);
    },
    pluginFailed: ({ failure }) => {
      throw failure;
    },
    ...options,
  });
  vcpu.reset(RAM_START);
  return {
    vcpu,
    buffer: memory.buffer,
    layout,
    ram: new Uint8Array(memory.buffer, layout.ram, layout.ramBytes),
    traps,
  };
}

/** No program that is meant to end has the vCPU return to its caller as often. */
const CALLS_MAX = 50_000;

/**
 * @param blocksAtOnce how many blocks the vCPU enters at the most before it returns to its caller
 * @param prepare does something to the machine before the first program
 */
export function createInterpreterDriver(
  name: string,
  options: InterpreterMachineOptions = {},
  blocksAtOnce = 1000,
  prepare: (machine: InterpreterMachine) => void = () => {},
): IsaDriver {
  let machine: InterpreterMachine | undefined;
  return {
    name,
    run(program) {
      if (!machine) {
        machine = createInterpreterMachine(options);
        prepare(machine);
      }
      const { vcpu, ram, traps } = machine;
      const at = (address: bigint): number => Number(address - RAM_START);
      traps.length = 0;
      ram.fill(0);
      ram.set(program.code, at(startOf(program)));
      ram.set(assemble('ecall'), at(endOf(program)));
      ram.set(program.scratch, at(scratchOf(program)));
      vcpu.reset(startOf(program));
      const { state } = vcpu.hart;
      enterProgram(vcpu.hart, program);

      for (let calls = 0; traps.length === 0; calls++) {
        if (calls === CALLS_MAX) throw new Error(`still at 0x${state.pc.toString(16)} after ${CALLS_MAX} calls`);
        vcpu.run(blocksAtOnce);
      }
      const { cause, epc, tval } = traps[0]!;
      if (cause !== CAUSE.environmentCallFromMachine || epc !== endOf(program))
        throw new Error(`trap ${cause} at 0x${epc.toString(16)}, tval 0x${tval.toString(16)}`);
      const scratch = at(scratchOf(program));
      return {
        ...registersOf(vcpu.hart),
        memory: ram.slice(scratch, scratch + SCRATCH_BYTES),
        instret: Number(state.minstret),
      };
    },
  };
}
