/** Reading and writing registers. */
import type { Handler } from '../session.ts';
import { GENERAL_REGISTERS, REGISTERS } from '../target.ts';
import { badAddress, formatRegister, invalid, parseNumber, parseRegister } from '../values.ts';

const ZERO = 'zero';
const REGISTER_DIGITS = 16;

function nameOf(number: string): string {
  const name = REGISTERS.get(Number(parseNumber(number)));
  if (name === undefined) throw badAddress();
  return name;
}

export const registerCommands: Readonly<Record<string, Handler>> = {
  g: ({ current }) => GENERAL_REGISTERS.map((name) => formatRegister(current.register(name)!)).join(''),

  G: async ({ machine, vcpu }, rest) => {
    const values = (rest.match(/.{1,16}/gs) ?? []).map(parseRegister);
    if (values.length > GENERAL_REGISTERS.length) throw invalid();
    await Promise.all(
      values.map((value, index) => {
        const name = GENERAL_REGISTERS[index]!;
        return name === ZERO ? undefined : machine.debug.writeRegister(vcpu, name, value);
      }),
    );
    return 'OK';
  },

  p: ({ current }, rest) => {
    const value = current.register(nameOf(rest));
    if (value === undefined) throw badAddress();
    return formatRegister(value);
  },

  P: async ({ machine, vcpu }, rest) => {
    const [number = '', digits = ''] = rest.split('=');
    if (digits.length !== REGISTER_DIGITS) throw invalid();
    const name = nameOf(number);
    // Who restores all registers restores this one too.
    if (name === ZERO) return 'OK';
    if (!(await machine.debug.writeRegister(vcpu, name, parseRegister(digits)))) throw badAddress();
    return 'OK';
  },
};
