/**
 * Address resolution on the cable (RFC 826): answers for the addresses that stand for the host, and remembers who in the
 * network has which hardware address.
 */
import type { Network } from './network.ts';
import { buildFrame, ETHERTYPE, viewOf } from './packet.ts';

const ARP_BYTES = 28;
const OPERATION = { request: 1, reply: 2 } as const;
const EVERYBODY = new Uint8Array(6).fill(0xff);
/** Hosts of the network that are remembered. */
const NEIGHBOURS_MAX = 64;

/** The hardware address of one that stands for the host: as QEMU's, the address with 52:55 in front. */
export function hardwareAddress(address: number): Uint8Array {
  const bytes = Uint8Array.of(0x52, 0x55, 0, 0, 0, 0);
  viewOf(bytes).setUint32(2, address);
  return bytes;
}

export class Neighbours {
  readonly #network: Network;
  readonly #send: (frame: Uint8Array) => void;
  readonly #known = new Map<number, Uint8Array>();

  /** @param send takes frames to the guest */
  constructor(network: Network, send: (frame: Uint8Array) => void) {
    this.#network = network;
    this.#send = send;
  }

  /** Somebody with this address has been heard. */
  learn(address: number, hardware: Uint8Array): void {
    const { network, mask, host, dns } = this.#network;
    if ((address & mask) >>> 0 !== network || address === host || address === dns) return;
    if (!this.#known.has(address) && this.#known.size >= NEIGHBOURS_MAX) return;
    this.#known.set(address, Uint8Array.from(hardware));
  }

  /** The hardware address of `address`; where it is not known, asks for it. */
  find(address: number): Uint8Array | undefined {
    const found = this.#known.get(address);
    if (!found) this.#ask(address);
    return found;
  }

  receive(bytes: Uint8Array): void {
    if (bytes.length < ARP_BYTES) return;
    const view = viewOf(bytes);
    // Ethernet and IPv4.
    if (view.getUint32(0) !== 0x0001_0800 || view.getUint16(4) !== 0x0604) return;
    const sender = bytes.slice(8, 14);
    const senderAddress = view.getUint32(14);
    const target = view.getUint32(24);
    this.learn(senderAddress, sender);
    const { host, dns } = this.#network;
    if (view.getUint16(6) === OPERATION.request && (target === host || target === dns))
      this.#say(OPERATION.reply, target, sender, senderAddress);
  }

  #ask(address: number): void {
    this.#say(OPERATION.request, this.#network.host, EVERYBODY, address);
  }

  #say(operation: number, source: number, to: Uint8Array, toAddress: number): void {
    const own = hardwareAddress(source);
    const payload = new Uint8Array(ARP_BYTES);
    const view = viewOf(payload);
    view.setUint32(0, 0x0001_0800);
    view.setUint16(4, 0x0604);
    view.setUint16(6, operation);
    payload.set(own, 8);
    view.setUint32(14, source);
    if (operation === OPERATION.reply) payload.set(to, 18);
    view.setUint32(24, toAddress);
    this.#send(buildFrame({ destination: to, source: own, type: ETHERTYPE.arp, payload }));
  }
}
