import type { MemoryRange } from '../../../core/machine/interface.ts';
import type { Csr } from '../../../core/riscv/csr/csr.ts';
import type { Instruction } from '../../../core/riscv/instruction.ts';
import { RAM_BYTES_DEFAULT, RAM_BYTES_MAX, RAM_BYTES_MIN, SMP_MAX, SMP_MIN } from '../../../schema/config.ts';
import { page, table } from '../markdown.ts';

const mib = (bytes: number): string => `${bytes / 2 ** 20} MiB`;
const address = (value: bigint): string => `\`0x${value.toString(16).padStart(8, '0')}\``;

const code = (name: string): string => `\`${name}\``;

/** Names; of those that differ by a number only, the first and the last. */
function names(all: readonly string[]): string {
  const families = Map.groupBy(all, (name) => name.replace(/\d+$/, ''));
  return Array.from(families.values(), (family) =>
    family.length < 3 ? family.map(code).join(', ') : `${code(family[0]!)} to ${code(family.at(-1)!)}`,
  ).join(', ');
}

export interface MachineFacts {
  /** What the hart calls itself. */
  readonly isa: string;
  /** Of a machine with the default amount of RAM. */
  readonly ranges: readonly MemoryRange[];
  readonly instructions: readonly Instruction[];
  readonly compressed: readonly { readonly name: string }[];
  readonly csrs: Iterable<Csr>;
}

export const machinePage = ({ ranges, isa, instructions, compressed, csrs }: MachineFacts): string =>
  page(
    `# Machine reference

One machine type, \`virt\`: memory map, interrupt numbers and device tree are those of QEMU's board of that name, so far
as the devices are there.

Made by \`npm run docs\` from the machine itself; do not edit.`,
    `## Size

${SMP_MIN} to ${SMP_MAX} vCPUs, one by default; ${mib(RAM_BYTES_MIN)} to ${mib(RAM_BYTES_MAX)} of RAM, \
${mib(RAM_BYTES_DEFAULT)} by default.`,
    '## Physical addresses',
    table(
      ['first', 'last', 'kind', 'region'],
      ranges.map(({ start, end, kind, name }) => [address(start), address(end), kind, name]),
    ),
    'RAM ends where its size says. `info mtree` shows the same of a running machine.',
    '## Instructions',
    `Each hart is an \`${isa}\`.`,
    instructions.map(({ name }) => code(name)).join(', '),
    `Compressed: ${compressed.map(({ name }) => code(name)).join(', ')}`,
    '## Control and status registers',
    names(Array.from(csrs, ({ name }) => name)),
  );
