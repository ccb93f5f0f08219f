/** A guest on the cable of a network in user mode: it says and hears what a test tells it to. */
import { onTestFinished, vi } from 'vitest';
import { parseNetdev } from '../../../../../server/config/netdevs.ts';
import { openNetdev } from '../../../../../server/netdev/netdev.ts';
import { parseAddress } from '../../../../../server/netdev/user/network.ts';
import {
  buildDatagram,
  buildFrame,
  buildPacket,
  ETHERTYPE,
  type Packet,
  PROTOCOL,
  parseDatagram,
  parseFrame,
  parsePacket,
} from '../../../../../server/netdev/user/packet.ts';
import { buildSegment, FLAG, parseSegment, type Segment } from '../../../../../server/netdev/user/tcp-segment.ts';

export const address = (text: string): number => parseAddress(text)!;
export const HOST = address('10.0.2.2');
export const DNS = address('10.0.2.3');
export const GUEST = address('10.0.2.15');
export const MAC = Uint8Array.of(0x52, 0x54, 0, 0x12, 0x34, 0x56);
const ROUTER = Uint8Array.of(0x52, 0x55, 10, 0, 2, 2);

export type Heard = Omit<Segment, 'sourcePort' | 'destinationPort'>;

export class Guest {
  /** Frames that have come. */
  readonly frames: Uint8Array[] = [];
  /** Packets of them that nobody has waited for. */
  readonly packets: Packet[] = [];
  /** What becomes of a frame that comes: by default the guest hears it. */
  hears: (frame: Uint8Array) => boolean = () => true;
  readonly #send: (frame: Uint8Array) => void;
  /** Takes the network away. */
  readonly unplug: () => void;

  constructor(send: (frame: Uint8Array) => void, unplug: () => void) {
    this.#send = send;
    this.unplug = unplug;
  }

  /** A frame has come. */
  take(frame: Uint8Array): void {
    if (!this.hears(frame)) return;
    this.frames.push(frame);
    const parsed = parseFrame(frame);
    const packet = parsed?.type === ETHERTYPE.ipv4 ? parsePacket(parsed.payload) : undefined;
    if (packet) this.packets.push(packet);
  }

  sendFrame(frame: Uint8Array): void {
    this.#send(frame);
  }
  sendPacket(packet: Packet): void {
    for (const payload of buildPacket(packet, 1))
      this.#send(buildFrame({ destination: ROUTER, source: MAC, type: ETHERTYPE.ipv4, payload }));
  }
  sendDatagram(destination: number, destinationPort: number, data: string, sourcePort = 4000): void {
    this.sendPacket(buildDatagram(GUEST, destination, { sourcePort, destinationPort, data: Buffer.from(data) }));
  }

  /** The next packet that `fits`, which is taken out of those that have come. */
  async packet(fits: (packet: Packet) => boolean = () => true): Promise<Packet> {
    return vi.waitFor(
      () => {
        const index = this.packets.findIndex(fits);
        if (index < 0) throw new Error('no such packet has come');
        return this.packets.splice(index, 1)[0]!;
      },
      { timeout: 5000, interval: 1 },
    );
  }

  /** Source and text of the next datagram. */
  async datagram(): Promise<{ source: number; sourcePort: number; destinationPort: number; text: string }> {
    const packet = await this.packet(({ protocol }) => protocol === PROTOCOL.udp);
    const { sourcePort, destinationPort, data } = parseDatagram(packet)!;
    return { source: packet.source, sourcePort, destinationPort, text: Buffer.from(data).toString('latin1') };
  }
}

/** A guest on a cable of its own. @param options of `-netdev user` behind its id */
export async function guest(options = ''): Promise<Guest> {
  const netdev = await openNetdev(parseNetdev(`user,id=u${options}`, '-netdev user'));
  onTestFinished(() => netdev.close());
  const made = new Guest(
    (frame) => void netdev.send(frame),
    () => netdev.close(),
  );
  netdev.onFrame((frame) => {
    made.take(frame);
    return true;
  });
  return made;
}

/** The guest's end of a TCP connection, segment by segment. */
export class GuestTcp {
  readonly #guest: Guest;
  readonly #peer: number;
  readonly #peerPort: number;
  readonly #port: number;
  /** The next place of the guest's stream, and the next that it expects. */
  sequence = 0xffff_ff00;
  expected = 0;
  window = 0xffff;

  constructor(guest: Guest, peer: number, peerPort: number, port = 5000) {
    this.#guest = guest;
    this.#peer = peer;
    this.#peerPort = peerPort;
    this.#port = port;
  }

  /** Says something at its own place, or at another one. */
  say(flags: number, data = '', sequence = this.sequence, segmentSize?: number): void {
    const segment: Segment = {
      sourcePort: this.#port,
      destinationPort: this.#peerPort,
      sequence,
      acknowledgement: flags & FLAG.acknowledge ? this.expected : 0,
      flags,
      window: this.window,
      segmentSize,
      data: Buffer.from(data, 'latin1'),
    };
    this.#guest.sendPacket(buildSegment(GUEST, this.#peer, segment));
  }
  acknowledge(): void {
    this.say(FLAG.acknowledge);
  }
  /** Sends data and counts it. */
  send(data: string, flags = 0): void {
    this.say(FLAG.acknowledge | flags, data);
    this.sequence = (this.sequence + data.length + (flags & FLAG.fin ? 1 : 0)) >>> 0;
  }

  /** The next segment that fits. */
  async hear(fits: (segment: Segment) => boolean = () => true): Promise<Segment> {
    const segmentOf = (packet: Packet): Segment | undefined =>
      packet.protocol === PROTOCOL.tcp && packet.source === this.#peer ? parseSegment(packet) : undefined;
    const packet = await this.#guest.packet((one) => {
      const segment = segmentOf(one);
      return segment !== undefined && segment.destinationPort === this.#port && fits(segment);
    });
    return segmentOf(packet)!;
  }

  /** Opens the connection. */
  async open(segmentSize?: number): Promise<Segment> {
    this.say(FLAG.syn, '', this.sequence, segmentSize);
    this.sequence = (this.sequence + 1) >>> 0;
    const answer = await this.hear();
    this.expected = (answer.sequence + 1) >>> 0;
    if ((answer.flags & FLAG.reset) === 0) this.acknowledge();
    return answer;
  }

  /** Hears `bytes` bytes, in order, and acknowledges them. */
  async receive(bytes: number): Promise<string> {
    let text = '';
    while (text.length < bytes) {
      const { sequence, data } = await this.hear(({ data }) => data.length > 0);
      if (sequence === this.expected) {
        text += Buffer.from(data).toString('latin1');
        this.expected = (this.expected + data.length) >>> 0;
      }
      this.acknowledge();
    }
    return text;
  }
}
