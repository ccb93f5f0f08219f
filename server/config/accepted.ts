/**
 * What management programs say on every command line although it is so here anyway: the values that are true are
 * accepted, and any other is an error.
 */
import { UsageError } from '../errors.ts';
import { KeyValues } from './key-values.ts';
import type { Option } from './option.ts';

type Values = Readonly<Record<string, readonly string[]>>;

/** Properties of the machine. */
export const MACHINE_PROPERTIES: Values = { usb: ['off'], 'dump-guest-core': ['on'], 'mem-merge': ['off'] };

const OPTIONS: Readonly<Record<string, Values>> = {
  // Nothing is looked for to start from, and there is no menu.
  boot: { strict: ['on', 'off'], menu: ['off'] },
  msg: { timestamp: ['on'] },
  overcommit: { 'mem-lock': ['off'], 'cpu-pm': ['off'] },
  rtc: { base: ['utc'], clock: ['host'] },
};

/** Takes what is accepted out of `values`. @throws UsageError a value that is not true here */
export function takeAccepted(values: KeyValues, accepted: Values): void {
  for (const [key, trueValues] of Object.entries(accepted)) {
    const value = values.take(key);
    if (value !== undefined && !trueValues.includes(value)) {
      throw new UsageError(`Parameter '${key}' expects ${trueValues.join(' or ')} here, not '${value}'`);
    }
  }
}

export const acceptedOptions: readonly Option[] = Object.entries(OPTIONS).map(([name, accepted]) => ({
  names: [name],
  argument: Object.entries(accepted)
    .map(([key, values]) => `[${key}=${values.join('|')}]`)
    .join(','),
  doc: 'accepted, as it is so anyway',
  apply: (_draft, argument) => {
    const values = KeyValues.parse(argument);
    takeAccepted(values, accepted);
    values.end();
  },
}));
