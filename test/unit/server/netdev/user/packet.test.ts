import { describe, expect, it } from 'vitest';
import {
  buildDatagram,
  buildFrame,
  buildPacket,
  checksum,
  MTU,
  type Packet,
  parseDatagram,
  parseFrame,
  parsePacket,
  pseudoHeader,
  viewOf,
} from '../../../../../server/netdev/user/packet.ts';
import { buildSegment, FLAG, parseSegment } from '../../../../../server/netdev/user/tcp-segment.ts';
import { Random, SEED } from '../../../../support/random.ts';
import { address } from './guest.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const SOURCE = address('192.168.0.1');
const DESTINATION = address('192.168.0.199');

describe('IPv4', () => {
  // A UDP packet as Linux has sent it, of which the header's checksum is b861.
  const header = hex('4500 0073 0000 4000 4011 b861 c0a8 0001 c0a8 00c7');

  it('checks headers', () => {
    expect(checksum(header)).toBe(0);
    const zeroed = Buffer.from(header);
    zeroed.writeUInt16BE(0, 10);
    expect(checksum(zeroed)).toBe(0xb861);
    expect(checksum(Uint8Array.of(0x01))).toBe(0xfeff);
  });

  it('is read', () => {
    const whole = Buffer.concat([header, Buffer.alloc(0x73 - 20, 7), Buffer.from('padding')]);
    expect(parsePacket(whole)).toMatchObject({ source: SOURCE, destination: DESTINATION, protocol: 17 });
    expect(parsePacket(whole)?.payload).toHaveLength(0x73 - 20);
  });

  it.each([
    ['of another version', 0, 0x65],
    ['with a header that is too short', 0, 0x44],
    ['with a wrong checksum', 8, 0x41],
    ['that is longer than what has come', 2, 0x7f],
    ['that is a fragment', 6, 0x60],
  ])('a packet %s is dropped', (_, at, value) => {
    const broken = Buffer.concat([header, Buffer.alloc(0x73 - 20)]);
    broken[at] = value;
    if (at !== 8) {
      broken.writeUInt16BE(0, 10);
      broken.writeUInt16BE(checksum(broken.subarray(0, 20)), 10);
    }
    expect(parsePacket(broken)).toBeUndefined();
  });

  it('is cut into fragments that lie beside each other', () => {
    const payload = Uint8Array.from({ length: 4000 }, (_, index) => index);
    const fragments = buildPacket({ source: SOURCE, destination: DESTINATION, protocol: 17, payload }, 0x1234);
    const joined = new Uint8Array(4000);
    for (const [index, fragment] of fragments.entries()) {
      expect(fragment.length).toBeLessThanOrEqual(MTU);
      expect(checksum(fragment.subarray(0, 20))).toBe(0);
      expect(viewOf(fragment).getUint16(4)).toBe(0x1234);
      const flags = viewOf(fragment).getUint16(6);
      expect((flags & 0x2000) !== 0).toBe(index < fragments.length - 1);
      joined.set(fragment.subarray(20), (flags & 0x1fff) * 8);
    }
    expect(joined).toEqual(payload);
  });
});

describe('UDP and TCP', () => {
  it('a datagram comes back as it was', () => {
    for (const text of ['', 'a', 'even', 'odd']) {
      const data = Uint8Array.from(Buffer.from(text));
      const datagram = { sourcePort: 1000, destinationPort: 53, data };
      const packet = buildDatagram(SOURCE, DESTINATION, datagram);
      expect(parseDatagram(packet)).toEqual(datagram);
      const damaged = Uint8Array.from(packet.payload);
      damaged[1]! ^= 1;
      expect(parseDatagram({ ...packet, payload: damaged })).toBeUndefined();
      expect(parseDatagram({ ...packet, source: SOURCE + 1 })).toBeUndefined();
    }
  });

  it('a datagram without a checksum is good', () => {
    const payload = Uint8Array.from(hex('0001 0002 000a 0000 abcd'));
    expect(parseDatagram({ source: 1, destination: 2, protocol: 17, payload })?.data).toEqual(
      Uint8Array.of(0xab, 0xcd),
    );
  });

  it('a segment comes back as it was', () => {
    const segment = {
      sourcePort: 80,
      destinationPort: 40_000,
      sequence: 0xffff_fff0,
      acknowledgement: 7,
      flags: FLAG.syn | FLAG.acknowledge,
      window: 0xfffe,
      segmentSize: 1460,
      data: Uint8Array.of(1, 2, 3),
    };
    const packet = buildSegment(SOURCE, DESTINATION, segment);
    expect(parseSegment(packet)).toEqual(segment);
    expect(parseSegment(buildSegment(SOURCE, DESTINATION, { ...segment, segmentSize: undefined }))?.segmentSize).toBe(
      undefined,
    );
    expect(parseSegment({ ...packet, destination: DESTINATION + 1 })).toBeUndefined();
  });

  it('options of a segment that are not known are passed over', () => {
    const packet = buildSegment(SOURCE, DESTINATION, {
      sourcePort: 1,
      destinationPort: 2,
      sequence: 0,
      acknowledgement: 0,
      flags: FLAG.syn,
      window: 0,
      // Four bytes behind the header, which then become part of it: no-operation, window scale.
      data: hex('01 01 01 01 03 03 07 01 02 04 05 b4'),
    });
    const payload = Uint8Array.from(packet.payload);
    payload[12] = 8 << 4;
    const view = viewOf(payload);
    const fixed: Packet = { ...packet, payload };
    view.setUint16(16, 0);
    view.setUint16(16, checksum(payload, pseudoHeader(fixed)));
    expect(parseSegment(fixed)).toMatchObject({ segmentSize: 0x5b4, data: new Uint8Array(0) });
  });
});

it(`anything is read without a fault (seed ${SEED})`, () => {
  const random = new Random(SEED);
  const good = buildFrame({
    destination: new Uint8Array(6),
    source: new Uint8Array(6),
    type: 0x0800,
    payload: buildPacket(buildDatagram(1, 2, { sourcePort: 1, destinationPort: 2, data: new Uint8Array(40) }), 1)[0]!,
  });
  for (let round = 0; round < 2000; round++) {
    const bytes = Uint8Array.from(good.subarray(0, random.between(0, good.length)));
    for (let count = random.below(6); count > 0 && bytes.length > 0; count--)
      bytes[random.below(bytes.length)] = random.word();
    const frame = parseFrame(bytes);
    const packet = frame && parsePacket(frame.payload);
    const payload = bytes.subarray(random.below(bytes.length + 1));
    for (const one of [packet, { source: 1, destination: 2, protocol: 17, payload }]) {
      if (!one) continue;
      parseDatagram(one);
      parseSegment(one);
    }
  }
});
