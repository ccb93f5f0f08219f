/** `-netdev user,...`: the network that the guest finds itself in, and the ports of the host that lead to it. */
import { UsageError } from '../errors.ts';
import { type Network, parseAddress } from '../netdev/user/network.ts';
import type { KeyValues } from './key-values.ts';

/** A port of the host that leads to a port of a guest. */
export interface HostForward {
  readonly protocol: 'tcp' | 'udp';
  /** Address of the host; empty for all of them. */
  readonly host: string;
  readonly port: number;
  readonly guest: number;
  readonly guestPort: number;
  /** As the user has written it, for errors. */
  readonly text: string;
}

export interface UserNetdev {
  readonly type: 'user';
  readonly network: Network;
  readonly forwards: readonly HostForward[];
}

const DEFAULT_NETWORK = '10.0.2.0/24';
/** Places of the host, its name server and the first guest in a network, where nothing else is said. */
const PLACE = { host: 2, dns: 3, guest: 15 } as const;
/** Hosts that a network must have room for. */
const PREFIX_MAX = 27;

/** @throws UsageError */
export function userFrom(values: KeyValues): UserNetdev {
  const [network, mask] = parseNetwork(values.take('net') ?? DEFAULT_NETWORK);
  const take = (key: string, place: number): number => {
    const text = values.take(key);
    const address = text === undefined ? network + place : parseAddress(text);
    if (address === undefined || (address & mask) >>> 0 !== network)
      throw new UsageError(`Parameter '${key}' expects an address in the network, not '${text}'`);
    return address;
  };
  const host = take('host', PLACE.host);
  const dns = take('dns', PLACE.dns);
  const firstGuest = take('dhcpstart', PLACE.guest);
  const hostname = values.take('hostname');
  const restricted = values.takeBoolean('restrict') ?? false;
  if (values.takeBoolean('ipv6') === true) throw new UsageError("Parameter 'ipv6' expects 'off': there is no IPv6");
  if (values.takeBoolean('ipv4') === false) throw new UsageError("Parameter 'ipv4' expects 'on'");
  const forwards = values.takeAll('hostfwd').map((text) => parseForward(text, network, mask, firstGuest));
  return { type: 'user', network: { network, mask, host, dns, firstGuest, hostname, restricted }, forwards };
}

/** `10.0.2.0/24`; without a number of bits, 24. */
function parseNetwork(text: string): [network: number, mask: number] {
  const { address, bits = '24' } = /^(?<address>[\d.]+)(?:\/(?<bits>\d+))?$/.exec(text)?.groups ?? {};
  const parsed = parseAddress(address ?? '');
  if (parsed === undefined || Number(bits) > PREFIX_MAX || Number(bits) < 1)
    throw new UsageError(`Parameter 'net' expects a network such as ${DEFAULT_NETWORK}, not '${text}'`);
  const mask = (-1 << (32 - Number(bits))) >>> 0;
  return [(parsed & mask) >>> 0, mask];
}

/** `[tcp|udp]:[HOSTADDR]:HOSTPORT-[GUESTADDR]:GUESTPORT` */
function parseForward(text: string, network: number, mask: number, firstGuest: number): HostForward {
  const refuse = (reason: string): UsageError => new UsageError(`Invalid host forwarding rule '${text}' (${reason})`);
  const { protocol, host, port, guest, guestPort } =
    /^(?<protocol>[^:]*):(?<host>[^:]*):(?<port>\d+)-(?<guest>[^:]*):(?<guestPort>\d+)$/.exec(text)?.groups ?? {};
  if (protocol === undefined || host === undefined || guest === undefined)
    throw refuse('expected [tcp|udp]:[HOSTADDR]:HOSTPORT-[GUESTADDR]:GUESTPORT');
  if (protocol !== '' && protocol !== 'tcp' && protocol !== 'udp') throw refuse('Bad protocol name');
  if (host !== '' && parseAddress(host) === undefined) throw refuse('Bad host address');
  const address = guest === '' ? firstGuest : parseAddress(guest);
  if (address === undefined || (address & mask) >>> 0 !== network) throw refuse('Bad guest address');
  const [hostNumber, guestNumber] = [Number(port), Number(guestPort)];
  if (hostNumber > 65535) throw refuse('Bad host port');
  if (guestNumber < 1 || guestNumber > 65535) throw refuse('Bad guest port');
  return { protocol: protocol || 'tcp', host, port: hostNumber, guest: address, guestPort: guestNumber, text };
}
