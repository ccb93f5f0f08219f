/** The network that a guest finds itself in: addresses, and which of them stand for the host. */
import dns from 'node:dns';
import { isIPv4 } from 'node:net';
import type { Packet } from './packet.ts';

export interface Network {
  /** First address of the network, and its mask. */
  readonly network: number;
  readonly mask: number;
  /** Stands for the host itself. */
  readonly host: number;
  /** Stands for the host's name server. */
  readonly dns: number;
  /** The first address that is given to a guest. */
  readonly firstGuest: number;
  /** What the guest is to call itself. */
  readonly hostname: string | undefined;
  /** Nothing leaves the network but answers to what has come in from the host. */
  readonly restricted: boolean;
}

/** Takes packets to a guest. */
export type SendPacket = (packet: Packet) => void;

export const BROADCAST = 0xffff_ffff;
const LOOPBACK = '127.0.0.1';

/** Undefined where `text` is no IPv4 address. */
export function parseAddress(text: string): number | undefined {
  if (!isIPv4(text)) return undefined;
  return text.split('.').reduce((address, part) => address * 256 + Number(part), 0);
}

export const showAddress = (address: number): string =>
  [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.');

const isInside = ({ network, mask }: Network, address: number): boolean => (address & mask) >>> 0 === network;

/** What the host knows a place by. */
export interface HostPlace {
  readonly host: string;
  readonly port: number;
}

export const DNS_PORT = 53;

/** The host's first name server that can be reached over IPv4. */
function nameServer(): HostPlace {
  for (const server of dns.getServers()) {
    const { host = '', port = DNS_PORT } = /^(?<host>[\d.]+)(?::(?<port>\d+))?$/.exec(server)?.groups ?? {};
    if (isIPv4(host)) return { host, port: Number(port) };
  }
  return { host: LOOPBACK, port: DNS_PORT };
}

/** Where the host finds what the guest calls `address` and `port`; undefined where nothing is, or nothing may be. */
export function toHost(network: Network, address: number, port: number): HostPlace | undefined {
  if (network.restricted || port === 0) return undefined;
  if (address === network.host) return { host: LOOPBACK, port };
  if (address === network.dns) return port === DNS_PORT ? nameServer() : undefined;
  // Groups and broadcasts stay where they are.
  return isInside(network, address) || address >>> 28 >= 0xe || address === 0
    ? undefined
    : { host: showAddress(address), port };
}

/** What the guest calls the one whom the host knows as `address`. */
export function fromHost(network: Network, address: string): number {
  const plain = address.replace(/^::ffff:/, '');
  return plain.startsWith('127.') ? network.host : (parseAddress(plain) ?? network.host);
}
