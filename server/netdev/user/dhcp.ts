/** Gives guests their addresses: DHCP (RFC 2131, options of RFC 2132). */
import { BROADCAST, type Network } from './network.ts';
import { buildDatagram, type Packet, viewOf } from './packet.ts';

export const DHCP_PORT = { server: 67, client: 68 } as const;

const OPERATION = { request: 1, reply: 2 } as const;
const MESSAGE = { discover: 1, offer: 2, request: 3, acknowledge: 5, refuse: 6, inform: 8 } as const;
const OPTION = {
  mask: 1,
  router: 3,
  dns: 6,
  hostname: 12,
  requestedAddress: 50,
  leaseSeconds: 51,
  messageType: 53,
  serverIdentifier: 54,
  end: 255,
  pad: 0,
} as const;
const OPTIONS_OFFSET = 240;
const COOKIE = 0x6382_5363;
const REPLY_BYTES = 548;
const LEASE_SECONDS = 86_400;
/** Guests that are given addresses, which follow each other. */
const LEASES_MAX = 16;

/** Options by number; of one that is there twice, the last. */
function optionsOf(message: Uint8Array): ReadonlyMap<number, Uint8Array> {
  const options = new Map<number, Uint8Array>();
  for (let at = OPTIONS_OFFSET; at < message.length && message[at] !== OPTION.end; ) {
    if (message[at] === OPTION.pad) {
      at++;
      continue;
    }
    const bytes = message[at + 1] ?? 0;
    options.set(message[at]!, message.subarray(at + 2, at + 2 + bytes));
    at += 2 + bytes;
  }
  return options;
}

const addressIn = (bytes: Uint8Array | undefined): number | undefined =>
  bytes?.length === 4 ? viewOf(bytes).getUint32(0) : undefined;

export class DhcpServer {
  readonly #network: Network;
  /** Hardware addresses, in hexadecimal, in the order of the addresses that they have been given. */
  readonly #leases: string[] = [];

  constructor(network: Network) {
    this.#network = network;
  }

  /** The answer to a message that was sent to the server's port, if there is one. */
  answer(message: Uint8Array): Packet | undefined {
    if (message.length < OPTIONS_OFFSET || message[0] !== OPERATION.request) return undefined;
    const view = viewOf(message);
    if (view.getUint32(236) !== COOKIE) return undefined;
    const options = optionsOf(message);
    const server = addressIn(options.get(OPTION.serverIdentifier));
    // It has accepted the offer of another one.
    if (server !== undefined && server !== this.#network.host) return undefined;
    const own = view.getUint32(12);
    const address = this.#addressFor(message.subarray(28, 34));
    const wanted = addressIn(options.get(OPTION.requestedAddress)) ?? own;
    switch (options.get(OPTION.messageType)?.[0]) {
      case MESSAGE.discover:
        return address === undefined ? undefined : this.#reply(message, MESSAGE.offer, address);
      case MESSAGE.request:
        if (address === undefined || wanted !== address) return this.#reply(message, MESSAGE.refuse, 0);
        return this.#reply(message, MESSAGE.acknowledge, address);
      case MESSAGE.inform:
        return this.#reply(message, MESSAGE.acknowledge, 0);
      default:
        return undefined;
    }
  }

  #addressFor(hardware: Uint8Array): number | undefined {
    const name = Buffer.from(hardware).toString('hex');
    let index = this.#leases.indexOf(name);
    if (index < 0 && this.#leases.length < LEASES_MAX) index = this.#leases.push(name) - 1;
    return index < 0 ? undefined : this.#network.firstGuest + index;
  }

  #reply(request: Uint8Array, type: number, address: number): Packet {
    const { host, dns, mask, hostname } = this.#network;
    const data = new Uint8Array(REPLY_BYTES);
    const view = viewOf(data);
    // Everything by which the guest knows that it is meant.
    data.set(request.subarray(0, 44));
    data[0] = OPERATION.reply;
    view.setUint32(16, address);
    view.setUint32(20, host);
    view.setUint32(236, COOKIE);
    let at = OPTIONS_OFFSET;
    const add = (option: number, ...bytes: number[]): void => {
      data.set([option, bytes.length, ...bytes], at);
      at += 2 + bytes.length;
    };
    const bytesOf = (value: number): number[] => [24, 16, 8, 0].map((shift) => (value >>> shift) & 0xff);
    add(OPTION.messageType, type);
    add(OPTION.serverIdentifier, ...bytesOf(host));
    if (type !== MESSAGE.refuse) {
      if (address !== 0) add(OPTION.leaseSeconds, ...bytesOf(LEASE_SECONDS));
      add(OPTION.mask, ...bytesOf(mask));
      add(OPTION.router, ...bytesOf(host));
      add(OPTION.dns, ...bytesOf(dns));
      if (hostname !== undefined) add(OPTION.hostname, ...Buffer.from(hostname));
    }
    data[at] = OPTION.end;
    const ports = { sourcePort: DHCP_PORT.server, destinationPort: DHCP_PORT.client };
    return buildDatagram(host, BROADCAST, { ...ports, data });
  }
}
