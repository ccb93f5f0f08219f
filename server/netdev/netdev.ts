/** The host's side of a network cable. */
import type { NetworkBackend } from '../../core/machine/interface.ts';
import { showAddress as showSocket } from '../chardev/spec.ts';
import type { NetdevSpec } from '../config/netdevs.ts';
import { locate } from '../errors.ts';
import { DgramNetdev } from './dgram.ts';
import { StreamNetdev } from './stream.ts';
import { showAddress } from './user/network.ts';
import { UserNetdev } from './user/user.ts';

/** A back end that the daemon opens and closes. */
export interface Netdev extends NetworkBackend {
  /** @throws UsageError what the host refused */
  open(): Promise<void>;
  /** Gives the host back what it lent. May be called always. */
  close(): void;
}

/** @throws UsageError with the option that asked for it */
export async function openNetdev({ option, backend }: NetdevSpec): Promise<Netdev> {
  const netdev = make(backend);
  try {
    await netdev.open();
  } catch (error) {
    netdev.close();
    throw locate(option, error);
  }
  return netdev;
}

function make(backend: NetdevSpec['backend']): Netdev {
  switch (backend.type) {
    case 'user':
      return new UserNetdev(backend);
    case 'stream':
      return new StreamNetdev(backend);
    case 'dgram':
      return new DgramNetdev(backend);
  }
}

/** What a back end leads to, as the human monitor shows it. */
export function describeNetdev({ backend }: NetdevSpec): string {
  switch (backend.type) {
    case 'user': {
      const { network, restricted } = backend.network;
      return `net=${showAddress(network)},restrict=${restricted ? 'on' : 'off'}`;
    }
    case 'stream':
      return showSocket(backend.address);
    case 'dgram': {
      const { local, remote } = backend;
      return `udp=${local.host}:${local.port}/${remote.host}:${remote.port}`;
    }
  }
}
