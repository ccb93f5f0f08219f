import { describe, expect, it } from 'vitest';
import { parseChardev, parseDevice } from '../../../../server/chardev/spec.ts';

const device = (text: string) => parseDevice(text, 'x', `-serial ${text}`);

describe('a device in one word', () => {
  it.each([
    ['null', { type: 'null' }],
    ['stdio', { type: 'stdio', signal: true }],
    ['file:/tmp/a,b', { type: 'file', path: '/tmp/a,b', append: false }],
    ['unix:/tmp/s', { type: 'socket', address: { path: '/tmp/s' }, server: false, wait: false }],
    ['unix:/tmp/s,server', { type: 'socket', address: { path: '/tmp/s' }, server: true, wait: true }],
    ['unix:/tmp/s,server=on,wait=off', { type: 'socket', address: { path: '/tmp/s' }, server: true, wait: false }],
    ['unix:/tmp/s,server,nowait', { type: 'socket', address: { path: '/tmp/s' }, server: true, wait: false }],
    ['unix:/tmp/a,,b,server=off', { type: 'socket', address: { path: '/tmp/a,b' }, server: false, wait: false }],
    ['tcp:example.org:44', { type: 'socket', address: { host: 'example.org', port: 44 }, server: false, wait: false }],
    [
      'tcp::0,server=on,wait=off',
      { type: 'socket', address: { host: 'localhost', port: 0 }, server: true, wait: false },
    ],
    ['tcp:[::1]:9,server=on', { type: 'socket', address: { host: '::1', port: 9 }, server: true, wait: true }],
  ])('%s', (text, backend) => {
    expect(device(text)).toMatchObject({ chardev: { id: 'x', mux: false, backend }, monitor: false });
  });

  it('is shared with a monitor behind mon:, and Ctrl-C then goes to the guest', () => {
    expect(device('mon:stdio')).toMatchObject({
      chardev: { mux: true, backend: { type: 'stdio', signal: false } },
      monitor: true,
    });
    expect(device('mon:unix:/tmp/s,server=on')).toMatchObject({ chardev: { mux: true }, monitor: true });
  });

  it.each([
    ['', "'' is not a valid char driver"],
    ['vc', "'vc' is not a valid char driver"],
    ['null:x', "'null:x' is not a valid char driver"],
    ['tcp:foo', "'tcp:foo' has no port: expected tcp:HOST:PORT"],
    ['tcp:a:b', "Parameter 'port' expects a number from 0 to 65535, not 'b'"],
    ['tcp::65536,server=on', "Parameter 'port' expects a number from 0 to 65535, not '65536'"],
    ['tcp:a:', 'chardev: socket: no port given'],
    ['unix:', "One of 'path', 'fd' or 'host' and 'port' is required."],
    ['unix:/tmp/s,foo=1', "Invalid parameter 'foo'"],
    ['unix:/tmp/s,server=maybe', "Parameter 'server' expects 'on' or 'off'"],
    ['unix:/tmp/s,wait=off', "'wait' option is incompatible with socket in client connect mode"],
    [`unix:/${'a'.repeat(107)}`, `UNIX socket path '/${'a'.repeat(107)}' is too long`],
    ['file:', 'chardev: file: no filename given'],
  ])('%j is refused', (text, message) => {
    expect(() => device(text)).toThrow(message);
  });

  it('a path of 107 bytes fits', () => {
    expect(() => device(`unix:/${'a'.repeat(106)}`)).not.toThrow();
  });
});

describe('-chardev', () => {
  it.each([
    ['null,id=a', { id: 'a', mux: false, backend: { type: 'null' } }],
    ['backend=stdio,id=a.b-c_1,mux=on', { id: 'a.b-c_1', mux: true, backend: { type: 'stdio', signal: true } }],
    ['stdio,id=a,signal=off', { id: 'a', backend: { type: 'stdio', signal: false } }],
    ['file,id=a,path=/x,append=on', { id: 'a', backend: { type: 'file', path: '/x', append: true } }],
    ['socket,id=a,path=/x,server=on', { backend: { address: { path: '/x' }, server: true, wait: true } }],
    ['socket,id=a,host=h,port=1', { backend: { address: { host: 'h', port: 1 }, server: false } }],
    ['pty,id=a', { backend: { type: 'pty' } }],
    ['ringbuf,id=a', { backend: { type: 'ringbuf', size: 65536 } }],
    ['ringbuf,id=a,size=4k', { backend: { type: 'ringbuf', size: 4096 } }],
    [
      '{"backend": "socket", "id": "a", "path": "/x,y", "server": true, "wait": false}',
      { backend: { address: { path: '/x,y' }, server: true, wait: false } },
    ],
    ['socket,id=a,fd=29,server=on,wait=off', { backend: { address: { fd: 29 }, server: true, wait: false } }],
  ])('%s', (text, spec) => {
    expect(parseChardev(text)).toMatchObject(spec);
  });

  it.each([
    ['null', 'chardev: no id specified'],
    ['nosuch,id=a', "'nosuch' is not a valid char driver name"],
    ['null,id=1a', "Parameter 'id' expects an identifier"],
    ['null,id=', "Parameter 'id' expects an identifier"],
    ['null,id=a,foo=1', "Invalid parameter 'foo'"],
    ['null,id=a,mux=maybe', "Parameter 'mux' expects 'on' or 'off'"],
    ['file,id=a', 'chardev: file: no filename given'],
    ['socket,id=a', "One of 'path', 'fd' or 'host' and 'port' is required."],
    ['socket,id=a,path=/x,host=h,port=1', "One of 'path', 'fd' or 'host' and 'port' is required."],
    ['socket,id=a,host=h', 'chardev: socket: no port given'],
    ['ringbuf,id=a,size=100', 'size of ringbuf chardev must be power of two'],
    ['ringbuf,id=a,size=0', 'size of ringbuf chardev must be power of two'],
    ['ringbuf,id=a,size=2G', 'size of ringbuf chardev must be 1073741824 or less'],
    ['{"backend": "null"', 'JSON parse error'],
    ['socket,id=a,fd=x', 'Unable to parse FD number x'],
  ])('%s is refused', (text, message) => {
    expect(() => parseChardev(text)).toThrow(message);
  });
});
