/** Objects of the command line that other options refer to, `-object`, and files for the firmware configuration, `-fw_cfg`. */
import { FILE_NAME_BYTES } from '../../core/devices/fw-cfg.ts';
import { UsageError } from '../errors.ts';
import { KeyValues } from './key-values.ts';

/** Keys and certificates for TLS, in files of the names that QEMU gives them. */
export interface TlsCredsSpec {
  readonly type: 'tls-creds-x509';
  readonly id: string;
  readonly option: string;
  /** Folder that holds them. */
  readonly directory: string;
  /** A client needs a certificate of its own, signed by the authority whose certificate is among them. */
  readonly verifyPeer: boolean;
}

/** A source of randomness. */
export interface RngSpec {
  readonly type: 'rng-random' | 'rng-builtin';
  readonly id: string;
  readonly option: string;
  /** Where bytes are read from; undefined for the host's own generator. */
  readonly path: string | undefined;
}

export type ObjectSpec = RngSpec | TlsCredsSpec;

/**
 * The argument of `-object`.
 * @throws UsageError
 */
export function parseObject(argument: string, option: string): ObjectSpec {
  const values = KeyValues.parseAny(argument, 'qom-type');
  const type = values.take('qom-type');
  if (type !== 'rng-random' && type !== 'rng-builtin' && type !== 'tls-creds-x509')
    throw new UsageError(`Parameter 'qom-type' does not accept value '${type}'`);
  const id = values.takeId();
  if (id === undefined) throw new UsageError("Parameter 'id' is missing");
  const object: ObjectSpec =
    type === 'tls-creds-x509'
      ? { type, id, option, ...tlsCredsFrom(values) }
      : { type, id, option, path: type === 'rng-random' ? values.take('filename') : undefined };
  if (values.unknown !== undefined) throw new UsageError(`Property '${type}.${values.unknown}' not found`);
  return object;
}

function tlsCredsFrom(values: KeyValues): Pick<TlsCredsSpec, 'directory' | 'verifyPeer'> {
  const directory = values.take('dir');
  const endpoint = values.take('endpoint') ?? 'client';
  const verifyPeer = values.takeBoolean('verify-peer') ?? true;
  if (directory === undefined || directory === '') throw new UsageError("Parameter 'dir' is missing");
  if (endpoint !== 'server') throw new UsageError('Expected TLS credentials for a server endpoint: endpoint=server');
  return { directory, verifyPeer };
}

export interface FwCfgSpec {
  readonly name: string;
  readonly option: string;
  readonly source: { readonly path: string } | { readonly text: string };
}

/**
 * The argument of `-fw_cfg`.
 * @throws UsageError
 */
export function parseFwCfg(argument: string, option: string): FwCfgSpec {
  const values = KeyValues.parse(argument, 'name');
  const name = values.take('name');
  const path = values.take('file');
  const text = values.take('string');
  values.end();
  if (name === undefined || name === '') throw new UsageError("Parameter 'name' is missing");
  if (!/^[!-~]+$/.test(name) || name.length >= FILE_NAME_BYTES)
    throw new UsageError(`name '${name}' is not one of up to ${FILE_NAME_BYTES - 1} characters of ASCII`);
  if ((path === undefined) === (text === undefined)) throw new UsageError("expected one of 'file' and 'string'");
  return { name, option, source: path === undefined ? { text: text! } : { path } };
}
