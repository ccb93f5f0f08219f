/**
 * A network in user mode: the guest is behind a router that only this process knows. It gets its address by DHCP; what it
 * connects to is connected to by sockets of this process; and ports of the host can be forwarded to it. Needs no rights.
 *
 * By default the network is 10.0.2.0/24, as QEMU's: 10.0.2.2 is the host, 10.0.2.3 its name server, and the first guest is
 * 10.0.2.15. There are no other hosts in it, no IPv6, and no answer to pings of anything but the host.
 */
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { createServer, type Server } from 'node:net';
import type { HostForward, UserNetdev as UserSpec } from '../../config/user-network.ts';
import { reasonOf, UsageError } from '../../errors.ts';
import type { Netdev } from '../netdev.ts';
import { hardwareAddress, Neighbours } from './arp.ts';
import { DHCP_PORT, DhcpServer } from './dhcp.ts';
import { answerEcho } from './icmp.ts';
import { BROADCAST, type Network } from './network.ts';
import {
  buildFrame,
  buildPacket,
  ETHERTYPE,
  type Packet,
  PROTOCOL,
  parseDatagram,
  parseFrame,
  parsePacket,
} from './packet.ts';
import { TcpRelay } from './tcp.ts';
import { parseSegment } from './tcp-segment.ts';
import { UdpRelay } from './udp.ts';

/** Frames that wait for the guest to have room; beyond these they are lost. */
const WAITING_MAX = 1024;
const EVERYBODY = new Uint8Array(6).fill(0xff);

export class UserNetdev implements Netdev {
  readonly #network: Network;
  readonly #forwards: readonly HostForward[];
  readonly #neighbours: Neighbours;
  readonly #dhcp: DhcpServer;
  readonly #udp: UdpRelay;
  readonly #tcp: TcpRelay;
  readonly #servers: Server[] = [];
  readonly #waiting: Uint8Array[] = [];
  #accept: (frame: Uint8Array) => boolean = () => false;
  #identification = 0;

  constructor({ network, forwards }: UserSpec) {
    this.#network = network;
    this.#forwards = forwards;
    this.#neighbours = new Neighbours(network, (frame) => this.#sendFrame(frame));
    this.#dhcp = new DhcpServer(network);
    this.#udp = new UdpRelay(network, (packet) => this.#sendPacket(packet));
    this.#tcp = new TcpRelay(
      network,
      (packet) => this.#sendPacket(packet),
      () => randomInt(2 ** 32),
    );
  }

  /** Opens the ports that are forwarded. */
  async open(): Promise<void> {
    for (const forward of this.#forwards) {
      const { protocol, host, port, text } = forward;
      try {
        await (protocol === 'tcp' ? this.#forwardTcp(forward) : this.#forwardUdp(forward));
      } catch (error) {
        throw new UsageError(
          `Could not set up host forwarding rule '${text}': ${host || '*'}:${port}: ${reasonOf(error)}`,
        );
      }
    }
  }

  close(): void {
    for (const server of this.#servers) server.close();
    this.#tcp.close();
    this.#udp.close();
  }

  send(bytes: Uint8Array): boolean {
    const frame = parseFrame(bytes);
    if (frame?.type === ETHERTYPE.arp) this.#neighbours.receive(frame.payload);
    if (frame?.type !== ETHERTYPE.ipv4) return true;
    const packet = parsePacket(frame.payload);
    if (packet) this.#receive(packet, frame.source);
    return true;
  }
  onDrain(): void {}
  onFrame(callback: (frame: Uint8Array) => boolean): void {
    this.#accept = callback;
  }
  resume(): void {
    while (this.#waiting.length > 0 && this.#accept(this.#waiting[0]!)) this.#waiting.shift();
  }

  #receive(packet: Packet, hardware: Uint8Array): void {
    const datagram = packet.protocol === PROTOCOL.udp ? parseDatagram(packet) : undefined;
    if (datagram?.destinationPort === DHCP_PORT.server) {
      // A guest without an address, too, may ask for one.
      const answer = this.#dhcp.answer(datagram.data);
      if (answer) this.#sendPacket(answer);
      return;
    }
    const { network, mask } = this.#network;
    if ((packet.source & mask) >>> 0 !== network) return;
    this.#neighbours.learn(packet.source, hardware);
    if (datagram) this.#udp.receive(packet, datagram);
    if (packet.protocol === PROTOCOL.tcp) {
      const segment = parseSegment(packet);
      if (segment) this.#tcp.receive(packet, segment);
    }
    if (packet.protocol === PROTOCOL.icmp) {
      const answer = answerEcho(this.#network, packet);
      if (answer) this.#sendPacket(answer);
    }
  }

  #sendPacket(packet: Packet): void {
    const destination = packet.destination === BROADCAST ? EVERYBODY : this.#neighbours.find(packet.destination);
    // It has been asked for; who has something to say will say it again.
    if (!destination) return;
    const source = hardwareAddress(this.#network.host);
    this.#identification = (this.#identification + 1) & 0xffff;
    for (const payload of buildPacket(packet, this.#identification))
      this.#sendFrame(buildFrame({ destination, source, type: ETHERTYPE.ipv4, payload }));
  }

  #sendFrame(frame: Uint8Array): void {
    if (this.#waiting.length === 0 && this.#accept(frame)) return;
    if (this.#waiting.length < WAITING_MAX) this.#waiting.push(frame);
  }

  async #forwardTcp({ host, port, guest, guestPort }: HostForward): Promise<void> {
    const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (socket) =>
      this.#tcp.forward(socket, guest, guestPort),
    );
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: host || '0.0.0.0', port }, resolve);
    });
    this.#servers.push(server);
  }

  async #forwardUdp({ host, port, guest, guestPort }: HostForward): Promise<void> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(port, host || '0.0.0.0', resolve);
    });
    socket.removeAllListeners('error');
    socket.on('error', () => {});
    this.#udp.forward(socket, guest, guestPort);
  }
}
