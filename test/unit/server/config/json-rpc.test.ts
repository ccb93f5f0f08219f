import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../../server/errors.ts';
import { parseOptions } from '../../../../server/options.ts';

function config(line: string) {
  const request = parseOptions(line.split(' '));
  if ('print' in request) throw new Error('prints instead');
  return request.config;
}

const TLS = '-object tls-creds-x509,id=t,dir=/d,endpoint=server';

describe('-jsonrpc', () => {
  it.each([
    ['tcp::7000', { address: { host: 'localhost', port: 7000 }, token: 'random', origins: [], urlFile: undefined }],
    ['tcp:[::1]:0,url-file=u', { address: { host: '::1', port: 0 }, token: 'random', urlFile: 'u' }],
    ['unix:s', { address: { path: 's' }, token: 'none' }],
    ['unix:s,token=x', { address: { path: 's' }, token: { text: 'x' } }],
    ['tcp:h:1,token=a,,b,origin=http://x,origin=null', { token: { text: 'a,b' }, origins: ['http://x', 'null'] }],
  ])('%s', (argument, spec) => {
    expect(config(`-jsonrpc ${argument}`).jsonRpc).toMatchObject([spec]);
  });

  it('may be given again', () => {
    expect(config('-jsonrpc unix:a -jsonrpc unix:b').jsonRpc.map(({ address }) => address)).toEqual([
      { path: 'a' },
      { path: 'b' },
    ]);
  });

  it('does not repeat what is secret', () => {
    expect(config('-jsonrpc tcp::1,token=secret').jsonRpc[0]!.option).toBe('-jsonrpc tcp::1');
  });

  it('refers to credentials that may follow', () => {
    const { jsonRpc, tlsCreds } = config(`-jsonrpc tcp::1,tls-creds=t ${TLS},verify-peer=off`);
    expect(jsonRpc[0]!.tlsCreds).toBe('t');
    expect(tlsCreds).toMatchObject([{ id: 't', directory: '/d', verifyPeer: false }]);
    expect(config(TLS).tlsCreds).toMatchObject([{ verifyPeer: true }]);
  });

  it.each([
    ['-jsonrpc stdio', "-jsonrpc stdio: 'stdio' is no socket: expected unix:PATH or tcp:HOST:PORT"],
    ['-jsonrpc x', "-jsonrpc x: 'x' is not a valid char driver"],
    ['-jsonrpc tcp:h', "-jsonrpc tcp:h: 'tcp:h' has no port: expected tcp:HOST:PORT"],
    ['-jsonrpc tcp::x', "-jsonrpc tcp::x: Parameter 'port' expects a number from 0 to 65535, not 'x'"],
    ['-jsonrpc unix:fd=3', "-jsonrpc unix:fd=3: Invalid parameter 'fd'"],
    ['-jsonrpc tcp::1,server=on', "-jsonrpc tcp::1,server=on: Invalid parameter 'server'"],
    ['-jsonrpc tcp::1,token=', "-jsonrpc tcp::1,token=: Parameter 'token' expects a text that is not empty"],
    [
      '-jsonrpc unix:s,url-file=u',
      "-jsonrpc unix:s,url-file=u: 'url-file' is for TCP: who can open the path needs no URL",
    ],
    ['-jsonrpc tcp::1,tls-creds=x', "-jsonrpc tcp::1: No TLS credentials with id 'x'"],
    ['-jsonrpc tcp::1,tls-creds=r -object rng-builtin,id=r', "-jsonrpc tcp::1: No TLS credentials with id 'r'"],
    [`${TLS} -object rng-builtin,id=t`, "-object rng-builtin,id=t: Duplicate ID 't' for object"],
    [
      '-object tls-creds-x509,id=t,endpoint=server',
      "-object tls-creds-x509,id=t,endpoint=server: Parameter 'dir' is missing",
    ],
    [
      '-object tls-creds-x509,id=t,dir=/d',
      '-object tls-creds-x509,id=t,dir=/d: Expected TLS credentials for a server endpoint: endpoint=server',
    ],
    [`${TLS},x=y`, `${TLS},x=y: Property 'tls-creds-x509.x' not found`],
  ])('%s is refused', (line, message) => {
    expect(() => config(line)).toThrow(new UsageError(message));
  });
});
