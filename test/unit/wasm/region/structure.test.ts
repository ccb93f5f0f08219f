/**
 * Structured code for random control flow, reducible and not: the blocks that the WebAssembly visits must be those that the
 * graph itself leads through.
 */
import { expect, test } from 'vitest';
import { Code, encodeModule, type Label } from '../../../../core/wasm/encode.ts';
import { type Edge, flowOf, type RegionBlock } from '../../../../core/wasm/region/graph.ts';
import { emitStructure } from '../../../../core/wasm/region/structure.ts';
import { Random, SEED } from '../../../support/random.ts';
import { randomGraph } from './graphs.ts';

const GRAPHS = 300;
const TAPE = 200;

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
    } else if (control.kind === 'resume') break;
    else throw new Error('not in these graphs');
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
      } else code.br(end);
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

test(`code visits what the graph leads through, SEED=${SEED}`, () => {
  const random = new Random(SEED);
  for (let index = 0; index < GRAPHS; index++) {
    const blocks = randomGraph(random);
    const tape = Array.from({ length: TAPE }, () => random.below(8));
    expect(runCode(blocks, tape), `SEED=${SEED}, graph ${index}`).toEqual(walk(blocks, tape));
  }
});
