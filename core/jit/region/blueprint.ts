/**
 * A region on its way from the vCPU that wants it to the translator: plain data, without anything that is known on both
 * sides, from which the translator makes blocks of IR.
 */
import { fill } from '../../ir/passes.ts';
import { type KnownOnes, settle } from '../../ir/settle.ts';
import { meaningAt } from '../../riscv/meaning.ts';
import type { RegionBlock, RegionControl, RegionStep } from '../../wasm/region/graph.ts';
import { decodeWord } from '../decode-block.ts';
import { PROBES } from '../probes.ts';
import type { Step } from '../script.ts';
import { type FormedRegion, isCompiled, type RegionPart } from './form-region.ts';

type StepPlan =
  | { readonly offset: number; readonly pc: bigint; readonly raw: number; readonly traced: boolean }
  /** A probe by its name, and what its open operands are. */
  | { readonly offset: number; readonly probe: string; readonly operands: Readonly<Record<string, number | bigint>> };

export interface Blueprint {
  /** Steps of each part, up to an instruction that leaves by a door. */
  readonly parts: readonly { readonly pc: bigint; readonly steps: readonly StepPlan[] }[];
  readonly blocks: readonly { readonly part: number; readonly control: RegionControl }[];
  /** It runs only while data accesses go to RAM without translation or protection. */
  readonly physical: boolean;
}

function planStep(step: Step, counters: number): StepPlan {
  const { offset } = step;
  if (step.kind === 'instruction') {
    const { pc, raw } = step.instruction;
    return { offset, pc, raw, traced: step.traced };
  }
  const { request, callback } = step.probe;
  const { name, counter = counters, length = 0n, log = counters, tag = 0 } = request;
  const operands = {
    ...{ counter: counter - counters, log: log - counters, tag, callback },
    ...{ amount: step.operand, from: step.operand, length },
  };
  return { offset, probe: name, operands };
}

/** @param counters memory address from which counters are numbered */
export function blueprintOf<P extends RegionPart>(
  { parts, blocks }: FormedRegion<P>,
  counters: number,
  physical: boolean,
): Blueprint {
  return {
    parts: parts.map(({ block, steps }) => {
      const end = steps.findIndex((step) => step.kind === 'instruction' && !isCompiled(step));
      const compiled = end < 0 ? steps : steps.slice(0, end);
      return { pc: block.pc, steps: compiled.map((step) => planStep(step, counters)) };
    }),
    blocks,
    physical,
  };
}

function build(steps: readonly StepPlan[]): readonly RegionStep[] {
  const known: KnownOnes = new Map();
  return steps.map((step) => {
    const { offset } = step;
    if ('probe' in step) return { fragment: fill(PROBES.get(step.probe)!, step.operands), traced: false, offset };
    const fragment = settle(meaningAt(decodeWord(step.raw)!, step.pc), known);
    return { fragment, traced: step.traced, offset };
  });
}

/** The blocks of the region, with every operand given. */
export function buildBlocks({ parts, blocks }: Blueprint): readonly RegionBlock[] {
  const built = parts.map(({ pc, steps }) => ({
    pc,
    steps: build(steps),
    instructions: steps.filter((step) => 'raw' in step).length,
  }));
  return blocks.map(({ part, control }) => ({ ...built[part]!, origin: part, control }));
}
