/**
 * Chooses the blocks of a region: from its entry along every way that has been gone often enough, through calls, returns
 * and the usual targets of indirect jumps. A function is copied for each chain of calls that leads to it, so that its
 * return is a comparison with one known address.
 */
import { type Control, controlOf, meaningAt } from '../../riscv/meaning.ts';
import type { Edge, RegionControl } from '../../wasm/region/graph.ts';
import type { DecodedBlock } from '../decode-block.ts';
import type { Step } from '../script.ts';

/** A block as it may become part of a region. */
export interface RegionPart {
  readonly block: DecodedBlock;
  readonly steps: readonly Step[];
}

/** What the former asks of the translated code. */
export interface RegionSource<P extends RegionPart> {
  /** The block at `pc` as it is to be run now, if it has been entered often enough to be worth it. */
  warm(pc: bigint): P | undefined;
  /** How often the block has been entered, as far as that is known. */
  heat(part: P): number;
  /** Addresses that the indirect jump at its end has gone to lately, the most frequent ones first. */
  targets(part: P): readonly bigint[];
}

export interface FormedRegion<P> {
  /** The blocks as they are in memory. */
  readonly parts: readonly P[];
  /** Copies of them, by their index in `parts`, and where control goes from each; the first is the entry. */
  readonly blocks: readonly { readonly part: number; readonly control: RegionControl }[];
  /** Something was left out for want of room. */
  readonly full: boolean;
}

const BLOCKS_MAX = 128;
const INSTRUCTIONS_MAX = 1500;
/** Return addresses that tell copies of a block apart. */
const CALLS_MAX = 3;
const TARGETS_MAX = 16;
/** In place of return addresses: there are too many chains of calls to tell them apart. */
const ANYWHERE = -1n;

/** What the former needs to know of a block. */
interface Outline {
  readonly control: Control;
  /** Instructions that retire in the region. */
  readonly instructions: number;
  /** Where the interpreter takes over, in front of an instruction that leaves by a door. */
  readonly resume: number | undefined;
}

function outline({ block, steps }: RegionPart): Outline {
  for (const step of steps)
    if (step.kind === 'instruction' && !isCompiled(step))
      return { control: { kind: 'exit' }, instructions: step.index, resume: step.offset };
  const { decoded, pc } = block.instructions.at(-1)!;
  const control = controlOf(decoded!, meaningAt(decoded!, pc));
  return { control, instructions: block.instructions.length, resume: undefined };
}

/** Regions do everything but what leaves by a door, which an illegal instruction does too. */
export const isCompiled = ({ instruction }: Step & { kind: 'instruction' }): boolean =>
  instruction.handled?.door === false;

const outlines = new WeakMap<RegionPart, Outline>();

function outlineOf(part: RegionPart): Outline {
  let known = outlines.get(part);
  if (!known) {
    known = outline(part);
    outlines.set(part, known);
  }
  return known;
}

interface Node<P> {
  readonly part: P;
  readonly outline: Outline;
  /** Return addresses of the calls that lead here, the innermost last. */
  readonly calls: readonly bigint[];
  control: RegionControl | undefined;
}

/** @returns undefined where nothing would be gained: the region would consist of a door */
export function formRegion<P extends RegionPart>(entry: P, source: RegionSource<P>): FormedRegion<P> | undefined {
  const nodes: Node<P>[] = [];
  const indexes = new Map<string, number>();
  const parts: P[] = [];
  const waiting: number[] = [];
  let instructions = 0;
  let full = false;

  function add(part: P, calls: readonly bigint[]): number | undefined {
    const key = `${part.block.pc} ${calls.join()}`;
    const known = indexes.get(key);
    if (known !== undefined) return known;
    const count = part.block.instructions.length;
    if (nodes.length >= BLOCKS_MAX || instructions + count > INSTRUCTIONS_MAX) {
      full = true;
      return undefined;
    }
    if (!parts.includes(part)) parts.push(part);
    instructions += count;
    const index = nodes.push({ part, outline: outlineOf(part), calls, control: undefined }) - 1;
    indexes.set(key, index);
    waiting.push(index);
    return index;
  }

  function edge(pc: bigint, calls: readonly bigint[]): Edge {
    const part = source.warm(pc);
    const block = part && add(part, calls);
    return block === undefined ? { exit: pc } : { block };
  }

  function controlFrom({ part, outline, calls }: Node<P>): RegionControl {
    const { block } = part;
    const { control, resume } = outline;
    // A function that calls itself is not copied for each depth: its returns go where they usually do.
    const called = (): readonly bigint[] =>
      calls.includes(block.next) || calls[0] === ANYWHERE ? [ANYWHERE] : [...calls, block.next].slice(-CALLS_MAX);
    switch (control.kind) {
      case 'next':
        return { kind: 'goto', to: edge(block.next, calls) };
      case 'jump':
        return { kind: 'goto', to: edge(control.target, control.calls ? called() : calls) };
      case 'branch': {
        const taken = edge(control.target, calls);
        return { kind: 'branch', taken, next: edge(block.next, calls) };
      }
      case 'exit':
        return { kind: 'resume', offset: resume! };
      case 'indirect': {
        const { returns } = control;
        // Whoever has called the function in which the region begins has, or will have, regions with it in them.
        if (returns && calls.length === 0) return { kind: 'indirect', likely: [] };
        const known = returns && calls[0] !== ANYWHERE;
        const addresses = known ? [calls.at(-1)!] : source.targets(part).slice(0, TARGETS_MAX);
        const beyond = control.calls ? called() : known ? calls.slice(0, -1) : calls;
        const likely = addresses.flatMap((address) => {
          const to = edge(address, beyond);
          return 'block' in to ? [{ address, block: to.block }] : [];
        });
        return { kind: 'indirect', likely };
      }
    }
  }

  add(entry, []);
  if (nodes[0]!.outline.instructions === 0) return undefined;
  for (;;) {
    // The hottest first: when the region is full, what is left out matters least.
    let best = -1;
    for (const [position, index] of waiting.entries())
      if (best < 0 || source.heat(nodes[index]!.part) > source.heat(nodes[waiting[best]!]!.part)) best = position;
    if (best < 0) break;
    const [index] = waiting.splice(best, 1);
    const node = nodes[index!]!;
    node.control = controlFrom(node);
  }

  const blocks = nodes.map(({ part, control }) => ({ part: parts.indexOf(part), control: control! }));
  return { parts, blocks, full };
}
