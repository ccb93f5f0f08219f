/** What the two ends tell each other about themselves, and the human monitor. */
import type { Handler } from '../session.ts';
import { DOCUMENTS } from '../target.ts';
import { GdbError, invalid, parseBytes, parseNumber } from '../values.ts';
import { PACKET_BYTES_MAX } from '../wire.ts';

const FEATURES = [
  `PacketSize=${PACKET_BYTES_MAX.toString(16)}`,
  'qXfer:features:read+',
  'vContSupported+',
  'multiprocess+',
  'QStartNoAckMode+',
];

/** Bytes of text that go into one `O` packet. */
const OUTPUT_BYTES = PACKET_BYTES_MAX / 2 - 1;

const unknown = (): GdbError => new GdbError('E00');

export const queryCommands: Readonly<Record<string, Handler>> = {
  qSupported: (session, rest) => {
    session.multiprocess = rest.slice(1).split(';').includes('multiprocess+');
    return FEATURES.join(';');
  },

  qXfer: (_session, rest) => {
    const [, name, from, count] = /^:features:read:([^:]*):([^,]*),(.*)$/.exec(rest) ?? [];
    if (name === undefined) return '';
    const document = DOCUMENTS.get(name);
    const start = Number(parseNumber(from!));
    const length = Math.min(Number(parseNumber(count!)), PACKET_BYTES_MAX - 1);
    if (document === undefined || start > document.length) throw unknown();
    const part = document.slice(start, start + length);
    return (start + length < document.length ? 'm' : 'l') + part;
  },

  qAttached: () => '1',

  QStartNoAckMode: (session) => {
    session.send('OK');
    session.acknowledges = false;
    return undefined;
  },

  qRcmd: async ({ context, vcpu, send }, rest) => {
    if (rest.length < 2) throw invalid();
    const line = new TextDecoder().decode(parseBytes(rest.slice(1)));
    const output = new TextEncoder().encode(await context.humanMonitorCommand(line, vcpu));
    for (let start = 0; start < output.length; start += OUTPUT_BYTES)
      send(`O${Buffer.from(output.subarray(start, start + OUTPUT_BYTES)).toString('hex')}`);
    return 'OK';
  },
};
