/** What TAB offers. */
import type { HumanCommand, HumanSession } from '../command.ts';
import { commandNamed, groupOf } from './parse.ts';

/**
 * @param line what stands in front of the cursor
 * @returns what its end can become, and how much of its end that replaces. The only candidate comes with a space behind.
 */
export async function complete(session: HumanSession, line: string): Promise<[string[], string]> {
  const { prefix, candidates } = await offer(session, line);
  const matches = [...new Set(candidates)].filter((candidate) => candidate.startsWith(prefix)).sort();
  return [matches.length === 1 ? [`${matches[0]} `] : matches, prefix];
}

interface Offer {
  /** The end of the line, which the candidates are to replace. */
  readonly prefix: string;
  readonly candidates: readonly string[];
}

function offer(session: HumanSession, line: string): Offer | Promise<Offer> {
  const { human } = session.context.registry;
  const words = line.trimStart().split(/\s+/);
  const [first, second] = words as [string, ...string[]];
  if (second === undefined) return { prefix: first, candidates: firstWords(human) };
  const group = groupOf(human, first);
  if (group.length > 0 && words.length === 2) {
    return { prefix: second, candidates: group.map(({ name }) => name.slice(first.length + 1)) };
  }
  // A format may stand behind the name.
  const name = group.length > 0 ? `${first} ${second}` : first.replace(/\/.*/, '');
  const command = commandNamed(human, name);
  if (command === undefined) return { prefix: '', candidates: [] };
  return offerArgument(session, command, words.slice(group.length > 0 ? 2 : 1));
}

/** The names of commands and groups, with their aliases. */
export const firstWords = (human: ReadonlyMap<string, HumanCommand>): string[] =>
  [...human.values()].flatMap(({ name, aliases = [] }) => [name.split(' ')[0]!, ...aliases]);

/** @param words behind the command; the last one, which may be empty, is being typed */
async function offerArgument(session: HumanSession, command: HumanCommand, words: readonly string[]): Promise<Offer> {
  const word = words.at(-1)!;
  const register = /\$\w*$/.exec(word)?.[0];
  if (register !== undefined && command.args.some(({ kind }) => kind === 'integer' || kind === 'long')) {
    return { prefix: register, candidates: registerNames(session) };
  }
  if (word.startsWith('-')) {
    const flags = command.args.filter(({ kind }) => kind === 'flag');
    return { prefix: word, candidates: flags.map(({ name }) => `-${name}`) };
  }
  const positional = command.args.filter(({ kind }) => kind !== 'flag' && kind !== 'format');
  const place = words.slice(0, -1).filter((earlier) => !/^[-/]/.test(earlier)).length;
  const last = positional.at(-1);
  const rest = last?.kind === 'rest' && place >= positional.length - 1;
  const argument = rest ? last : positional[place];
  const prefix = rest ? words.slice(positional.length - 1).join(' ') : word;
  if (argument?.kind === 'onoff') return { prefix, candidates: ['on', 'off'] };
  return { prefix, candidates: (await argument?.complete?.(session, prefix)) ?? [] };
}

function registerNames({ context: { machine }, vcpu }: HumanSession): string[] {
  const registers = [...machine.vcpus[vcpu]!.controlRegisters(), ...machine.vcpus[vcpu]!.generalRegisters()];
  return registers.flatMap(({ name }) => name.split('/').map((part) => `$${part}`));
}
