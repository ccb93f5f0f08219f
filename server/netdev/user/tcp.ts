/** TCP between guests and the world: connections, by the guest's and the other end's address and port. */
import { connect, type Socket } from 'node:net';
import { fromHost, type Network, type SendPacket, toHost } from './network.ts';
import type { Packet } from './packet.ts';
import { TcpConnection } from './tcp-connection.ts';
import { buildSegment, FLAG, type Segment } from './tcp-segment.ts';

const CONNECTIONS_MAX = 1024;

export class TcpRelay {
  readonly #network: Network;
  readonly #send: SendPacket;
  readonly #random: () => number;
  readonly #connections = new Map<string, TcpConnection>();

  /** @param random gives numbers of 32 bits, at which streams begin */
  constructor(network: Network, send: SendPacket, random: () => number) {
    this.#network = network;
    this.#send = send;
    this.#random = random;
  }

  receive(packet: Packet, segment: Segment): void {
    const { source, destination } = packet;
    const { sourcePort, destinationPort, flags } = segment;
    const connection = this.#connections.get(keyOf(source, sourcePort, destination, destinationPort));
    if (connection) {
      connection.receive(segment);
      return;
    }
    const opens = (flags & (FLAG.syn | FLAG.acknowledge | FLAG.reset)) === FLAG.syn;
    const place = toHost(this.#network, destination, destinationPort);
    if (!opens || !place || this.#connections.size >= CONNECTIONS_MAX) {
      this.#refuse(packet, segment);
      return;
    }
    const socket = connect({ ...place, allowHalfOpen: true, noDelay: true });
    this.#add(socket, source, sourcePort, destination, destinationPort, segment);
  }

  /** A client of a port that is forwarded: connects it to a port of a guest. */
  forward(socket: Socket, guest: number, port: number): void {
    const peer = fromHost(this.#network, socket.remoteAddress ?? '');
    const peerPort = socket.remotePort ?? 0;
    if (this.#connections.has(keyOf(guest, port, peer, peerPort))) socket.destroy();
    else this.#add(socket, guest, port, peer, peerPort, undefined);
  }

  close(): void {
    for (const connection of this.#connections.values()) connection.reset();
  }

  #add(
    socket: Socket,
    guest: number,
    guestPort: number,
    peer: number,
    peerPort: number,
    syn: Segment | undefined,
  ): void {
    const key = keyOf(guest, guestPort, peer, peerPort);
    const connection = new TcpConnection(
      {
        socket,
        send: (segment) =>
          this.#send(buildSegment(peer, guest, { ...segment, sourcePort: peerPort, destinationPort: guestPort })),
        closed: () => this.#connections.delete(key),
      },
      this.#random() >>> 0,
      syn,
    );
    this.#connections.set(key, connection);
  }

  /** Nobody is there (RFC 9293, section 3.5.2). */
  #refuse({ source, destination }: Packet, segment: Segment): void {
    const { sourcePort, destinationPort, flags, sequence, acknowledgement, data } = segment;
    if (flags & FLAG.reset) return;
    const acknowledges = (flags & FLAG.acknowledge) !== 0;
    const length = data.length + (flags & FLAG.syn ? 1 : 0) + (flags & FLAG.fin ? 1 : 0);
    const reset: Segment = {
      sourcePort: destinationPort,
      destinationPort: sourcePort,
      flags: acknowledges ? FLAG.reset : FLAG.reset | FLAG.acknowledge,
      sequence: acknowledges ? acknowledgement : 0,
      acknowledgement: acknowledges ? 0 : (sequence + length) >>> 0,
      window: 0,
      data: new Uint8Array(0),
    };
    this.#send(buildSegment(destination, source, reset));
  }
}

const keyOf = (guest: number, guestPort: number, peer: number, peerPort: number): string =>
  `${guest}:${guestPort}-${peer}:${peerPort}`;
