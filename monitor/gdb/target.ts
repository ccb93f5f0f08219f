/**
 * The registers as a debugger numbers them, and the documents by which it is told (gdb manual, appendix "Target
 * Descriptions", section "RISC-V Features"). The numbers and the names of the documents are QEMU's.
 */
import { CSRS } from '../../core/riscv/csr/table.ts';
import { ABI_NAMES } from '../../core/riscv/registers.ts';

const PC = 32;
const FIRST_FLOAT = 33;
const PRIVILEGE = 65;
const FIRST_CSR = 66;

interface Register {
  readonly number: number;
  /** As the machine knows it. */
  readonly name: string;
  readonly type: string;
}

const TYPES: Readonly<Record<string, string>> = {
  ra: 'code_ptr',
  sp: 'data_ptr',
  gp: 'data_ptr',
  tp: 'data_ptr',
  s0: 'data_ptr',
};

const general = ABI_NAMES.slice(0, 32).map((name, number): Register => ({ number, name, type: TYPES[name] ?? 'int' }));
const cpu = [...general, { number: PC, name: 'pc', type: 'code_ptr' }];
const fpu = ABI_NAMES.slice(32).map(
  (name, number): Register => ({ number: FIRST_FLOAT + number, name, type: 'float_or_double' }),
);
const virtual: readonly Register[] = [{ number: PRIVILEGE, name: 'priv', type: 'int' }];
const csr = Array.from(
  CSRS,
  ([number, { name }]): Register => ({ number: FIRST_CSR + number, name, type: 'int' }),
).sort((one, other) => one.number - other.number);

/** Names of registers by their numbers. */
export const REGISTERS: ReadonlyMap<number, string> = new Map(
  [cpu, fpu, virtual, csr].flat().map(({ number, name }) => [number, name]),
);

/** Those that `g` and `G` are about, in this order. */
export const GENERAL_REGISTERS: readonly string[] = cpu.map(({ name }) => name);

const document = (type: string, body: string): string =>
  `<?xml version="1.0"?>\n<!DOCTYPE ${type} SYSTEM "gdb-target.dtd">\n${body}`;

function feature(name: string, registers: readonly Register[], types = ''): string {
  const lines = registers.map(
    (register) => `  <reg name="${register.name}" bitsize="64" type="${register.type}" regnum="${register.number}"/>\n`,
  );
  return document('feature', `<feature name="org.gnu.gdb.riscv.${name}">\n${types}${lines.join('')}</feature>\n`);
}

const FLOAT_OR_DOUBLE =
  '  <union id="float_or_double">\n' +
  '    <field name="float" type="ieee_single"/>\n' +
  '    <field name="double" type="ieee_double"/>\n' +
  '  </union>\n';

const features: readonly (readonly [string, string])[] = [
  ['riscv-64bit-cpu.xml', feature('cpu', cpu)],
  ['riscv-64bit-fpu.xml', feature('fpu', fpu, FLOAT_OR_DOUBLE)],
  ['riscv-64bit-virtual.xml', feature('virtual', virtual)],
  ['riscv-csr.xml', feature('csr', csr)],
];

const includes = features.map(([name]) => `  <xi:include href="${name}"/>\n`).join('');

/** The documents by their names; the first one includes the others. */
export const DOCUMENTS: ReadonlyMap<string, string> = new Map([
  ['target.xml', document('target', `<target>\n  <architecture>riscv:rv64</architecture>\n${includes}</target>\n`)],
  ...features,
]);
