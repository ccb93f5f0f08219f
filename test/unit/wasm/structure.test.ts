/**
 * Structured code for random control flow, reducible and not: the blocks that the WebAssembly visits must be those that the
 * graph itself leads through.
 */
import { describe, expect, test } from 'vitest';
import { Code, encodeModule, type Label } from '../../../core/wasm/encode.ts';
import { type Edge, flowOf, type RegionBlock, type RegionControl } from '../../../core/wasm/region/graph.ts';
import { emitStructure } from '../../../core/wasm/region/structure.ts';
import { Random, SEED } from '../../support/random.ts';

const GRAPHS = 300;
const TAPE = 200;

function randomGraph(random: Random): readonly RegionBlock[] {
  const count = random.between(1, 14);
  const edge = (): Edge => (random.chance(12) ? { exit: BigInt(random.below(1000)) } : { block: random.below(count) });
  const control = (): RegionControl => {
    const kind = random.below(10);
    if (kind < 3) return { kind: 'goto', to: edge() };
    if (kind < 9) return { kind: 'branch', taken: edge(), next: edge() };
    return {
      kind: 'indirect',
      likely: Array.from({ length: random.below(4) }, (_, n) => ({ address: BigInt(n), block: random.below(count) })),
    };
  };
  return Array.from({ length: count }, (_, index) => ({
    pc: BigInt(index),
    origin: index,
    steps: [],
    instructions: 0,
    control: control(),
  }));
}

/** The blocks from the entry on, by the graph; each decision takes the next number of the tape. */
function walk(blocks: readonly RegionBlock[], tape: readonly number[]): readonly number[] {
  const visited: number[] = [];
  let at = 0;
  for (let step = 0; step < tape.length; step++) {
    visited.push(at);
    const { control } = blocks[at]!;
    const decision = tape[step]!;
    let to: Edge;
    if (control.kind === 'goto') to = control.to;
    else if (control.kind === 'branch') to = decision & 1 ? control.taken : control.next;
    else if (control.kind === 'indirect') {
      const found = control.likely.find(({ address }) => address === BigInt(decision & 3));
      to = found ?? { exit: 0n };
    } else throw new Error('not in these graphs');
    if ('exit' in to) break;
    at = to.block;
  }
  return visited;
}

/** The blocks that the code visits. Memory has a counter, the tape, and room for the visits. */
function runCode(blocks: readonly RegionBlock[], tape: readonly number[]): readonly number[] {
  const flow = flowOf(blocks);
  const code = new Code(0);
  const selected = code.local('i32');
  const step = code.local('i32');
  const decision = code.local('i32');
  const VISITS = TAPE * 4;
  const end = code.block();
  emitStructure(flow, code, {
    poll: () => {},
    block(index: number, leave: (edge: Edge) => void, label: (block: number) => Label) {
      const { control } = flow.blocks[index]!;
      const go = (edge: Edge): void => {
        if ('block' in edge && edge.select !== undefined) code.i32(edge.select).set(selected);
        leave(edge);
      };
      if (control.kind === 'dispatch') {
        code.get(selected).brTable(control.targets.map(label));
        return;
      }
      // Note the visit, and take the next decision; the end of the tape is the end.
      code.get(step).i32(TAPE).op('i32_ge_s').brIf(end);
      code.get(step).i32(4).op('i32_mul').i32(index).memory('i32_store', VISITS);
      code.get(step).i32(4).op('i32_mul').memory('i32_load').set(decision);
      code.get(step).i32(1).op('i32_add').set(step);
      if (control.kind === 'goto') go(control.to);
      else if (control.kind === 'branch') {
        code.get(decision).i32(1).op('i32_and').if();
        go(control.taken);
        code.end();
        go(control.next);
      } else if (control.kind === 'indirect') {
        for (const edge of control.likely) {
          code.get(decision).i32(3).op('i32_and').i32(Number(edge.address)).op('i32_eq').if();
          go(edge);
          code.end();
        }
        code.br(end);
      }
    },
    exit: () => void code.br(end),
  });
  code.end().get(step);
  const bytes = encodeModule({
    types: [{ parameters: [], results: ['i32'] }],
    memoryPages: 1,
    importedFunctions: [],
    importedGlobals: [],
    functions: [{ name: 'run', type: 0, body: code.finish() }],
  });
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const words = new Int32Array(memory.buffer);
  words.set(tape);
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
  const steps = (instance.exports.run as () => number)();
  return [...words.subarray(TAPE, TAPE + steps)];
}

/** True where every cycle of the flow has a block at which the region may be left. */
function pollsEverywhere(blocks: readonly RegionBlock[]): boolean {
  const flow = flowOf(blocks);
  const state = new Map<number, 'open' | 'done'>();
  const successors = (block: number): number[] => {
    const { control } = flow.blocks[block]!;
    const edges: readonly Edge[] =
      control.kind === 'goto'
        ? [control.to]
        : control.kind === 'branch'
          ? [control.taken, control.next]
          : control.kind === 'indirect'
            ? control.likely
            : control.kind === 'dispatch'
              ? control.targets.map((target) => ({ block: target }))
              : [];
    return edges.flatMap((edge) => ('block' in edge ? [edge.block] : []));
  };
  // Without the polls there must be no cycle left.
  const visit = (block: number): boolean => {
    if (flow.isPoll[block]) return true;
    if (state.get(block) === 'open') return false;
    if (state.get(block) === 'done') return true;
    state.set(block, 'open');
    const fine = successors(block).every(visit);
    state.set(block, 'done');
    return fine;
  };
  return flow.ordered.every((block) => flow.isPoll[block] || visit(block));
}

describe(`random control flow, SEED=${SEED}`, () => {
  const random = new Random(SEED);
  const graphs = Array.from({ length: GRAPHS }, () => ({
    blocks: randomGraph(random),
    tape: Array.from({ length: TAPE }, () => random.below(8)),
  }));

  test('the code visits what the graph leads through', () => {
    for (const [index, { blocks, tape }] of graphs.entries())
      expect(runCode(blocks, tape), `SEED=${SEED}, graph ${index}`).toEqual(walk(blocks, tape));
  });

  test('no cycle goes without a poll', () => {
    for (const [index, { blocks }] of graphs.entries())
      expect(pollsEverywhere(blocks), `SEED=${SEED}, graph ${index}`).toBe(true);
  });

  test('some of them need a dispatcher, and some do not', () => {
    const dispatched = graphs.filter(({ blocks }) => flowOf(blocks).blocks.length > blocks.length).length;
    expect(dispatched).toBeGreaterThan(GRAPHS / 10);
    expect(dispatched).toBeLessThan(GRAPHS * 0.9);
  });
});
