/**
 * The events of the guest that can be traced. One that comes from translated code is a plugin of ours: it is woven in
 * while it is on, and costs nothing while it is off. The others are a test where the event happens anyway.
 */
import { nothing } from '../../schema/build.ts';
import { type AccessEvent, type BlockInfo, type Plugin, type Probe, plugin, type VcpuInfo } from './plugin.ts';

export interface TraceEventDefinition {
  readonly name: string;
  readonly doc: string;
  /** What writes its lines, where they come from translated code. */
  readonly plugin?: Plugin;
}

const hex = (value: bigint): string => `0x${value.toString(16)}`;

/** A plugin that writes lines. */
const lines = (
  name: string,
  doc: string,
  translate: (block: BlockInfo, probe: Probe, vcpu: VcpuInfo) => void,
): Plugin => plugin(name, { doc, options: nothing, state: (_, vcpu): VcpuInfo => vcpu, translate }) as Plugin;

const EXEC_TB = 'A block of translated code is about to be executed.';
const TRANSLATE_BLOCK = 'A block is translated, or entered for the first time since this event was switched on.';
const GUEST_MEM = 'The guest has loaded from or stored to memory.';

export const TRACE_EVENTS: readonly TraceEventDefinition[] = [
  { name: 'guest_cpu_reset', doc: 'A vCPU has been reset.' },
  { name: 'guest_cpu_enter', doc: 'A vCPU begins to run, after it was created or stopped.' },
  { name: 'guest_cpu_exit', doc: 'A vCPU has been stopped.' },
  { name: 'riscv_trap', doc: 'A hart takes an exception or an interrupt.' },
  { name: 'memory_region_ops_read', doc: 'The guest has read a device register.' },
  { name: 'memory_region_ops_write', doc: 'The guest has written a device register.' },
  {
    name: 'translate_block',
    doc: TRANSLATE_BLOCK,
    plugin: lines('translate_block', TRANSLATE_BLOCK, (block, _, vcpu) =>
      vcpu.write('', `cpu:${vcpu.index}, pc:${hex(block.pc)}, instructions:${block.instructions.length}`),
    ),
  },
  {
    name: 'exec_tb',
    doc: EXEC_TB,
    plugin: lines('exec_tb', EXEC_TB, (block, probe, vcpu) =>
      probe.call(block, () => vcpu.write('', `cpu:${vcpu.index}, pc:${hex(block.pc)}`)),
    ),
  },
  {
    name: 'guest_mem',
    doc: GUEST_MEM,
    plugin: lines('guest_mem', GUEST_MEM, (block, probe, vcpu) => {
      const write = ({ instruction, address, size, isLoad, isStore, value }: AccessEvent): void => {
        const kind = [isLoad ? 'load' : '', isStore ? 'store' : ''].filter(Boolean).join('+');
        vcpu.write(
          '',
          `cpu:${vcpu.index}, pc:${hex(instruction.pc)}, vaddr:${hex(address)}, size:${size}, ${kind}, value:${hex(value)}`,
        );
      };
      for (const instruction of block.instructions) probe.callAccess(instruction, 'any', write);
    }),
  },
];

const TRAPS: ReadonlyMap<number, string> = new Map([
  [0, 'misaligned_fetch'],
  [1, 'fault_fetch'],
  [2, 'illegal_instruction'],
  [3, 'breakpoint'],
  [4, 'misaligned_load'],
  [5, 'fault_load'],
  [6, 'misaligned_store'],
  [7, 'fault_store'],
  [8, 'user_ecall'],
  [9, 'supervisor_ecall'],
  [11, 'machine_ecall'],
  [12, 'exec_page_fault'],
  [13, 'load_page_fault'],
  [15, 'store_page_fault'],
]);
const INTERRUPTS: ReadonlyMap<number, string> = new Map([
  [1, 's_software'],
  [3, 'm_software'],
  [5, 's_timer'],
  [7, 'm_timer'],
  [9, 's_external'],
  [11, 'm_external'],
]);

/** What `riscv_trap` says behind its name. */
export function trapLine(hart: number, cause: number, interrupt: boolean, epc: bigint, tval: bigint): string {
  const description = (interrupt ? INTERRUPTS : TRAPS).get(cause) ?? 'unknown';
  const code = cause.toString(16).padStart(16, '0');
  return `hart:${hart}, async:${Number(interrupt)}, cause:${code}, epc:${hex(epc)}, tval:${hex(tval)}, desc=${description}`;
}
