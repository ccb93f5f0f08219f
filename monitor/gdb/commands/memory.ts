/** Reading and writing memory, and points in it. */
import { isPointType } from '../points.ts';
import type { Handler, Session } from '../session.ts';
import { badAddress, formatBytes, invalid, parseBytes, parseLength, parseNumber } from '../values.ts';
import { PACKET_BYTES_MAX } from '../wire.ts';

/** Two digits a byte fill a packet. */
const READ_BYTES_MAX = PACKET_BYTES_MAX / 2;
const POINT_BYTES_MAX = 2 ** 31;

function write({ machine: { memory }, vcpu, physical }: Session, address: bigint, bytes: Uint8Array): string {
  const written = physical ? memory.writePhysical(address, bytes) : memory.writeVirtual(vcpu, address, bytes);
  if (bytes.length > 0 && !written) throw badAddress();
  return 'OK';
}

/** `ADDRESS,LENGTH:DATA`, where `bytesOf` makes bytes of the data. */
const writer =
  (bytesOf: (data: string) => Uint8Array): Handler =>
  (session, rest) => {
    const [, address, length, data] = /^([^,:]*),([^,:]*):(.*)$/s.exec(rest) ?? [];
    if (data === undefined) throw invalid();
    const bytes = bytesOf(data);
    if (parseLength(length!, PACKET_BYTES_MAX) !== bytes.length) throw invalid();
    return write(session, parseNumber(address!), bytes);
  };

/** `TYPE,ADDRESS,BYTES`; conditions and commands are not offered. An unknown type has an empty reply. */
const pointer =
  (change: 'add' | 'remove'): Handler =>
  async (session, rest) => {
    const [type = '', address = '', bytes = '', ...more] = rest.split(',');
    if (!/^\d$/.test(type) || more.length > 0) throw invalid();
    if (!isPointType(type)) return '';
    const point = { type, address: parseNumber(address), bytes: parseLength(bytes, POINT_BYTES_MAX) };
    if (point.bytes === 0) throw invalid();
    session.points[change](point);
    await session.applyPoints();
    return 'OK';
  };

export const memoryCommands: Readonly<Record<string, Handler>> = {
  m: ({ machine: { memory }, vcpu, physical }, rest) => {
    const [address = '', length = ''] = rest.split(',');
    const count = parseLength(length, READ_BYTES_MAX);
    const start = parseNumber(address);
    const bytes = physical ? memory.readPhysical(start, count) : memory.readVirtual(vcpu, start, count);
    if (bytes === undefined) throw badAddress();
    return formatBytes(bytes);
  },
  M: writer(parseBytes),
  X: writer((data) => Buffer.from(data, 'latin1')),

  Z: pointer('add'),
  z: pointer('remove'),

  'qqemu.PhyMemMode': ({ physical }) => (physical ? '1' : '0'),
  'Qqemu.PhyMemMode': (session, rest) => {
    session.physical = parseNumber(rest.slice(1)) !== 0n;
    return 'OK';
  },
};
