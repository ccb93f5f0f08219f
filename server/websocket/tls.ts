/** Credentials for TLS: a folder with files of the names that QEMU gives them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSecureContext, type TlsOptions } from 'node:tls';
import type { TlsCredsSpec } from '../config/objects.ts';
import { reasonOf, UsageError } from '../errors.ts';

/** @throws UsageError which file cannot be read, or why they are of no use */
export function tlsOptions({ directory, verifyPeer, option }: TlsCredsSpec): TlsOptions {
  const read = (name: string): Buffer => {
    const path = join(directory, name);
    try {
      return readFileSync(path);
    } catch (error) {
      throw new UsageError(`${option}: Unable to access credentials ${path}: ${reasonOf(error)}`);
    }
  };
  const options = {
    cert: read('server-cert.pem'),
    key: read('server-key.pem'),
    ...(verifyPeer ? { ca: read('ca-cert.pem'), requestCert: true, rejectUnauthorized: true } : {}),
  };
  try {
    createSecureContext(options);
  } catch (error) {
    throw new UsageError(`${option}: Unable to use the credentials in ${directory}: ${(error as Error).message}`);
  }
  return options;
}
