/** Certificates for TLS, made anew for each test by openssl. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { temporaryDirectory } from './temporary.ts';
import { requireTool } from './tools.ts';

/** For `describe.skipIf(!requireOpenssl())`. */
export const requireOpenssl = (): boolean => requireTool('openssl', 'openssl');

/**
 * A folder with `ca-cert.pem`, and `server-cert.pem`, `server-key.pem`, `client-cert.pem`, `client-key.pem` signed by that
 * authority; the server's is for localhost and 127.0.0.1.
 */
export function certificates(): string {
  const directory = temporaryDirectory();
  const path = (name: string): string => join(directory, `${name}.pem`);
  const openssl = (...words: string[]): void =>
    void execFileSync(
      'openssl',
      ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', ...words],
      { stdio: 'pipe' },
    );
  openssl('-subj', '/CN=authority', '-keyout', path('ca-key'), '-out', path('ca-cert'));
  for (const name of ['server', 'client']) {
    const signer = ['-CA', path('ca-cert'), '-CAkey', path('ca-key')];
    const extensions = ['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-addext', 'basicConstraints=CA:FALSE'];
    openssl(
      '-subj',
      `/CN=${name}`,
      ...signer,
      ...extensions,
      '-keyout',
      path(`${name}-key`),
      '-out',
      path(`${name}-cert`),
    );
  }
  return directory;
}
