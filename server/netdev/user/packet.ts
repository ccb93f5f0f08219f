/**
 * Frames and packets as they lie on the cable: Ethernet II, IPv4 (RFC 791) and UDP (RFC 768). All numbers are in network
 * order; an IPv4 address is a number of 32 bits here. What is not well-formed is undefined: it is dropped.
 */

export const ETHERTYPE = { ipv4: 0x0800, arp: 0x0806 } as const;
export const PROTOCOL = { icmp: 1, tcp: 6, udp: 17 } as const;
/** Bytes of a packet on the cable. */
export const MTU = 1500;
const ETHERNET_BYTES = 14;
const IPV4_BYTES = 20;
const UDP_BYTES = 8;
const TIME_TO_LIVE = 64;
const MORE_FRAGMENTS = 0x2000;
const FRAGMENT_MASK = 0x3fff;

export interface Frame {
  /** 6 bytes each. */
  readonly destination: Uint8Array;
  readonly source: Uint8Array;
  readonly type: number;
  readonly payload: Uint8Array;
}

export interface Packet {
  readonly source: number;
  readonly destination: number;
  readonly protocol: number;
  readonly payload: Uint8Array;
}

export interface Datagram {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly data: Uint8Array;
}

export const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export function parseFrame(bytes: Uint8Array): Frame | undefined {
  if (bytes.length < ETHERNET_BYTES) return undefined;
  return {
    destination: bytes.subarray(0, 6),
    source: bytes.subarray(6, 12),
    type: viewOf(bytes).getUint16(12),
    payload: bytes.subarray(ETHERNET_BYTES),
  };
}

export function buildFrame({ destination, source, type, payload }: Frame): Uint8Array {
  const bytes = new Uint8Array(ETHERNET_BYTES + payload.length);
  bytes.set(destination, 0);
  bytes.set(source, 6);
  viewOf(bytes).setUint16(12, type);
  bytes.set(payload, ETHERNET_BYTES);
  return bytes;
}

/** The internet checksum (RFC 1071). @param sum of what does not lie in `bytes` */
export function checksum(bytes: Uint8Array, sum = 0): number {
  const view = viewOf(bytes);
  let total = sum;
  for (let at = 0; at + 1 < bytes.length; at += 2) total += view.getUint16(at);
  if (bytes.length % 2 === 1) total += bytes.at(-1)! << 8;
  while (total > 0xffff) total = (total & 0xffff) + Math.floor(total / 0x1_0000);
  return ~total & 0xffff;
}

/** Sum of the header that UDP and TCP check without sending it. */
export const pseudoHeader = ({ source, destination, protocol, payload }: Packet): number =>
  (source >>> 16) + (source & 0xffff) + (destination >>> 16) + (destination & 0xffff) + protocol + payload.length;

/** A whole packet; fragments are not put together. */
export function parsePacket(bytes: Uint8Array): Packet | undefined {
  if (bytes.length < IPV4_BYTES) return undefined;
  const view = viewOf(bytes);
  const headerBytes = (bytes[0]! & 0x0f) * 4;
  const totalBytes = view.getUint16(2);
  if (bytes[0]! >> 4 !== 4 || headerBytes < IPV4_BYTES || totalBytes < headerBytes || totalBytes > bytes.length)
    return undefined;
  if (checksum(bytes.subarray(0, headerBytes)) !== 0 || (view.getUint16(6) & FRAGMENT_MASK) !== 0) return undefined;
  return {
    protocol: bytes[9]!,
    source: view.getUint32(12),
    destination: view.getUint32(16),
    payload: bytes.subarray(headerBytes, totalBytes),
  };
}

/**
 * A packet as it goes over the cable, in several fragments where it is too long for one.
 * @param identification of 16 bits, by which fragments find together
 */
export function buildPacket(packet: Packet, identification: number): readonly Uint8Array[] {
  const { source, destination, protocol, payload } = packet;
  const room = Math.floor((MTU - IPV4_BYTES) / 8) * 8;
  const fragments: Uint8Array[] = [];
  for (let offset = 0; offset === 0 || offset < payload.length; offset += room) {
    const part = payload.subarray(offset, offset + room);
    const bytes = new Uint8Array(IPV4_BYTES + part.length);
    const view = viewOf(bytes);
    const more = offset + part.length < payload.length ? MORE_FRAGMENTS : 0;
    bytes[0] = 0x45;
    view.setUint16(2, bytes.length);
    view.setUint16(4, identification);
    view.setUint16(6, more | (offset / 8));
    bytes[8] = TIME_TO_LIVE;
    bytes[9] = protocol;
    view.setUint32(12, source);
    view.setUint32(16, destination);
    view.setUint16(10, checksum(bytes.subarray(0, IPV4_BYTES)));
    bytes.set(part, IPV4_BYTES);
    fragments.push(bytes);
  }
  return fragments;
}

export function parseDatagram(packet: Packet): Datagram | undefined {
  const { payload } = packet;
  if (payload.length < UDP_BYTES) return undefined;
  const view = viewOf(payload);
  const bytes = view.getUint16(4);
  if (bytes < UDP_BYTES || bytes > payload.length) return undefined;
  const whole = payload.subarray(0, bytes);
  // Zero: the sender has not computed it.
  if (view.getUint16(6) !== 0 && checksum(whole, pseudoHeader({ ...packet, payload: whole })) !== 0) return undefined;
  return {
    sourcePort: view.getUint16(0),
    destinationPort: view.getUint16(2),
    data: payload.subarray(UDP_BYTES, bytes),
  };
}

export function buildDatagram(
  source: number,
  destination: number,
  { sourcePort, destinationPort, data }: Datagram,
): Packet {
  const payload = new Uint8Array(UDP_BYTES + data.length);
  const view = viewOf(payload);
  view.setUint16(0, sourcePort);
  view.setUint16(2, destinationPort);
  view.setUint16(4, payload.length);
  payload.set(data, UDP_BYTES);
  const packet = { source, destination, protocol: PROTOCOL.udp, payload };
  view.setUint16(6, checksum(payload, pseudoHeader(packet)) || 0xffff);
  return packet;
}
