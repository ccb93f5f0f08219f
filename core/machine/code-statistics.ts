/** What a vCPU has counted about its translated code. */
import { HART_STATE_OFFSET, VcpuState } from '../hart/state.ts';
import { CODE_BYTES_PER_VCPU } from '../memory/layout.ts';
import { HartState } from '../riscv/state.ts';
import { EXITS } from '../wasm/contract.ts';
import type { CodeStatistics } from './interface.ts';

/** @param state memory address of the vCPU's state */
export function codeStatisticsOf(buffer: SharedArrayBuffer, state: number): CodeStatistics {
  const view = VcpuState.view(buffer, state);
  return {
    blocks: view.blocks,
    annotated: view.annotated,
    translated: view.translated,
    instrumented: view.instrumented,
    droppedByStore: view.droppedByStore,
    droppedByPlugin: view.droppedByPlugin,
    flushes: view.flushes,
    regions: view.regions,
    regionBytes: view.regionBytes,
    compiled: view.compiled,
    bytes: view.codeBytes,
    bytesMax: CODE_BYTES_PER_VCPU,
    compileMilliseconds: view.compileMicroseconds / 1000,
    instructions: HartState.view(buffer, state + HART_STATE_OFFSET).minstret,
    exits: Object.fromEntries(EXITS.map((name, index) => [name, view.exits[index]!])),
  };
}
