/** The registers of a vCPU, and expressions of them. */
import type { RegisterValue, Vcpu } from '../../../core/machine/interface.ts';
import { type HumanSession, human } from '../../command.ts';
import { type FormatArgument, showCharacter } from '../format.ts';
import { hex, parts } from '../text.ts';

const vcpuNumbers = ({ context: { machine } }: HumanSession): string[] =>
  machine.vcpus.map(({ index }) => String(index));

const GENERAL_PER_LINE = 4;

function showRegisters(vcpu: Vcpu): string {
  const show = ({ name, value }: RegisterValue): string => ` ${name.padEnd(8)} ${hex(value)}`;
  const general = parts(vcpu.generalRegisters().map(show), GENERAL_PER_LINE).map((line) => line.join(''));
  return ['', `CPU#${vcpu.index}`, ...vcpu.controlRegisters().map(show), ...general].join('\n');
}

export const registerCommands = [
  human('cpu', {
    params: 'index',
    doc: 'choose the current vCPU of this console',
    args: [{ name: 'index', kind: 'integer', complete: vcpuNumbers }],
    run: (session, { index }) => {
      if (session.context.machine.vcpus[Number(index)] === undefined) return 'invalid CPU index';
      session.vcpu = Number(index);
      return undefined;
    },
  }),

  human('info registers', {
    params: '[-a|vcpu]',
    doc: 'show the registers of the current vCPU, or of the one that is named (-a: of all)',
    args: [
      { name: 'a', kind: 'flag' },
      { name: 'vcpu', kind: 'integer', optional: true, complete: vcpuNumbers },
    ],
    run: (session, { a: all, vcpu: index = session.vcpu }) => {
      const { vcpus } = session.context.machine;
      if (all) return vcpus.map(showRegisters).join('\n');
      const vcpu = vcpus[Number(index)];
      return vcpu === undefined ? `CPU#${index} not available` : showRegisters(vcpu);
    },
  }),

  human('print', {
    aliases: ['p'],
    params: '/fmt expr',
    doc: 'show the value of an expression, in which $NAME is a register of the current vCPU',
    args: [
      { name: 'fmt', kind: 'format' },
      { name: 'expr', kind: 'long' },
    ],
    run: (_session, { fmt, expr: value }) => {
      const unsigned = BigInt.asUintN(64, value);
      switch ((fmt as FormatArgument).letter) {
        case 'x':
          return value === 0n ? '0' : `0x${unsigned.toString(16)}`;
        case 'd':
        case 'i':
          return String(value);
        case 'u':
          return String(unsigned);
        case 'o':
          return value === 0n ? '0' : `0${unsigned.toString(8)}`;
        case 'c':
          return showCharacter(Number(BigInt.asUintN(32, value)));
      }
    },
  }),
];
