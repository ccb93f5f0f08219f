/**
 * A block with its probes in the order in which they take effect: what is written down as records, and compiled. Both do
 * the same steps in the same order, so that one can go on where the other has left off.
 */
import type { ProbeRequest } from '../plugin/probe.ts';
import { RECORD_BYTES } from '../wasm/record.ts';
import type { BlockInstruction, DecodedBlock } from './decode-block.ts';

/** A probe whose callback has been given a number. */
export interface PlacedProbe {
  readonly request: ProbeRequest;
  /** -1 where it has none. */
  readonly callback: number;
}

export type Step =
  | {
      readonly kind: 'instruction';
      /** Bytes from the first record to this one. */
      readonly offset: number;
      /** Position in the block. */
      readonly index: number;
      readonly instruction: BlockInstruction;
      /** Probes behind it look at its access. */
      readonly traced: boolean;
    }
  | {
      readonly kind: 'probe';
      readonly offset: number;
      readonly index: number;
      readonly probe: PlacedProbe;
      /** What a `count` adds: its own amount, and those of later ones that it stands for. */
      readonly operand: bigint;
    };

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Probes in the order of the script: by instruction, before it and then after it. */
export const inOrder = (requests: readonly ProbeRequest[]): readonly ProbeRequest[] =>
  requests.toSorted((x, y) => x.index - y.index || Number(x.after) - Number(y.after));

/** @param probes in the order of `inOrder` */
export function scriptOf(block: DecodedBlock, probes: readonly PlacedProbe[]): readonly Step[] {
  const steps: Step[] = [];
  const offset = (): number => steps.length * RECORD_BYTES;
  /** Counts that may still take in a later one: nothing since could fault, leave or look. */
  const open = new Map<number, Writable<Step & { kind: 'probe' }>>();

  function addProbe(probe: PlacedProbe): void {
    const { name, counter, operand = 0n, index } = probe.request;
    const earlier = name === 'count' ? open.get(counter!) : undefined;
    if (earlier) {
      earlier.operand += operand;
      return;
    }
    const step: Step & { kind: 'probe' } = { kind: 'probe', offset: offset(), index, probe, operand };
    steps.push(step);
    if (name === 'count') open.set(counter!, step);
    else open.clear();
  }

  let next = 0;
  const due = (index: number, after: boolean): boolean => {
    const request = probes[next]?.request;
    return request !== undefined && request.index === index && request.after === after;
  };
  for (const [index, instruction] of block.instructions.entries()) {
    for (; due(index, false); next++) addProbe(probes[next]!);
    steps.push({ kind: 'instruction', offset: offset(), index, instruction, traced: due(index, true) });
    const { handled } = instruction;
    if (!handled || handled.door || handled.guarded || handled.loads || handled.stores) open.clear();
    for (; due(index, true); next++) addProbe(probes[next]!);
  }
  return steps;
}
