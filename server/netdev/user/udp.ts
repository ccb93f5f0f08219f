/**
 * UDP between guests and the world: a socket of the host for each port from which a guest sends, as long as it is in use.
 */
import { createSocket, type Socket } from 'node:dgram';
import { DNS_PORT, fromHost, type Network, type SendPacket, toHost } from './network.ts';
import { buildDatagram, type Datagram, type Packet } from './packet.ts';

/** A flow that has carried nothing for this long is forgotten. */
const IDLE_MS = 60_000;
const FLOWS_MAX = 256;

/** What belongs to one port of a guest. */
interface Flow {
  readonly socket: Socket;
  /** Name servers that it has asked, as address and port of the host. */
  readonly nameServers: Set<string>;
  /** Set anew whenever it is used; undefined for a flow that stays. */
  idle: NodeJS.Timeout | undefined;
}

export class UdpRelay {
  readonly #network: Network;
  readonly #send: SendPacket;
  /** By address and port of the guest. The one that was used last comes last. */
  readonly #flows = new Map<string, Flow>();

  constructor(network: Network, send: SendPacket) {
    this.#network = network;
    this.#send = send;
  }

  receive({ source, destination }: Packet, { sourcePort, destinationPort, data }: Datagram): void {
    const key = `${source}:${sourcePort}`;
    const kept = this.#flows.get(key);
    // Through a port that is forwarded a guest may always answer.
    const network = kept && kept.idle === undefined ? { ...this.#network, restricted: false } : this.#network;
    const place = toHost(network, destination, destinationPort);
    if (!place) return;
    const { host, port } = place;
    const flow = kept ?? this.#open(key, source, sourcePort);
    if (destination === this.#network.dns) flow.nameServers.add(`${host}:${port}`);
    this.#touch(key, flow);
    // A datagram that cannot be sent is lost, as any may be.
    flow.socket.send(data, port, host, () => {});
  }

  /** What comes to `socket`, which is bound, goes to a port of a guest, from now on and for good. */
  forward(socket: Socket, guest: number, port: number): void {
    const flow = { socket, nameServers: new Set<string>(), idle: undefined };
    this.#flows.set(`${guest}:${port}`, flow);
    this.#listen(flow, guest, port);
  }

  close(): void {
    for (const [key, flow] of this.#flows) this.#drop(key, flow);
  }

  #open(key: string, guest: number, port: number): Flow {
    for (const [oldest, flow] of this.#flows) {
      if (this.#flows.size < FLOWS_MAX) break;
      if (flow.idle !== undefined) this.#drop(oldest, flow);
    }
    const socket = createSocket('udp4');
    socket.on('error', () => {});
    const flow: Flow = { socket, nameServers: new Set(), idle: setTimeout(() => this.#drop(key, flow), IDLE_MS) };
    this.#listen(flow, guest, port);
    return flow;
  }

  #listen({ socket, nameServers }: Flow, guest: number, port: number): void {
    socket.on('message', (data, peer) => {
      const isNameServer = nameServers.has(`${peer.address}:${peer.port}`);
      const source = isNameServer ? this.#network.dns : fromHost(this.#network, peer.address);
      const sourcePort = isNameServer ? DNS_PORT : peer.port;
      this.#send(buildDatagram(source, guest, { sourcePort, destinationPort: port, data }));
    });
  }

  #touch(key: string, flow: Flow): void {
    if (flow.idle === undefined) return;
    this.#flows.delete(key);
    this.#flows.set(key, flow);
    flow.idle.refresh();
  }

  #drop(key: string, flow: Flow): void {
    clearTimeout(flow.idle);
    flow.socket.close();
    this.#flows.delete(key);
  }
}
