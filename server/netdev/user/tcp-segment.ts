/** TCP segments as they lie on the cable (RFC 9293, section 3.1). */
import { checksum, type Packet, PROTOCOL, pseudoHeader, viewOf } from './packet.ts';

export const FLAG = { fin: 0x01, syn: 0x02, reset: 0x04, push: 0x08, acknowledge: 0x10 } as const;
const HEADER_BYTES = 20;
const OPTION = { end: 0, nothing: 1, segmentSize: 2 } as const;

/** Places in a stream count modulo 2^32. Distance from `base` to `place`, negative where it lies before. */
export const after = (place: number, base: number): number => (place - base) | 0;
export const add = (place: number, places: number): number => (place + places) >>> 0;

export interface Segment {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly sequence: number;
  readonly acknowledgement: number;
  readonly flags: number;
  readonly window: number;
  /** Largest piece of data that the sender takes, where it says so. */
  readonly segmentSize?: number | undefined;
  readonly data: Uint8Array;
}

/** Undefined where it is not well-formed. */
export function parseSegment(packet: Packet): Segment | undefined {
  const { payload } = packet;
  if (payload.length < HEADER_BYTES) return undefined;
  const view = viewOf(payload);
  const headerBytes = (payload[12]! >> 4) * 4;
  if (headerBytes < HEADER_BYTES || headerBytes > payload.length) return undefined;
  if (checksum(payload, pseudoHeader(packet)) !== 0) return undefined;
  return {
    sourcePort: view.getUint16(0),
    destinationPort: view.getUint16(2),
    sequence: view.getUint32(4),
    acknowledgement: view.getUint32(8),
    flags: payload[13]!,
    window: view.getUint16(14),
    segmentSize: segmentSizeIn(payload.subarray(HEADER_BYTES, headerBytes)),
    data: payload.subarray(headerBytes),
  };
}

function segmentSizeIn(options: Uint8Array): number | undefined {
  for (let at = 0; at < options.length && options[at] !== OPTION.end; ) {
    if (options[at] === OPTION.nothing) {
      at++;
      continue;
    }
    const bytes = options[at + 1] ?? 0;
    if (bytes < 2 || at + bytes > options.length) return undefined;
    if (options[at] === OPTION.segmentSize && bytes === 4) return viewOf(options).getUint16(at + 2);
    at += bytes;
  }
  return undefined;
}

export function buildSegment(source: number, destination: number, segment: Segment): Packet {
  const { segmentSize, data } = segment;
  const headerBytes = HEADER_BYTES + (segmentSize === undefined ? 0 : 4);
  const payload = new Uint8Array(headerBytes + data.length);
  const view = viewOf(payload);
  view.setUint16(0, segment.sourcePort);
  view.setUint16(2, segment.destinationPort);
  view.setUint32(4, segment.sequence);
  view.setUint32(8, segment.acknowledgement);
  payload[12] = (headerBytes / 4) << 4;
  payload[13] = segment.flags;
  view.setUint16(14, segment.window);
  if (segmentSize !== undefined) view.setUint32(HEADER_BYTES, (OPTION.segmentSize << 24) | (4 << 16) | segmentSize);
  payload.set(data, headerBytes);
  const packet = { source, destination, protocol: PROTOCOL.tcp, payload };
  view.setUint16(16, checksum(payload, pseudoHeader(packet)));
  return packet;
}
