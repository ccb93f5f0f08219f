import { describe, expect, it } from 'vitest';
import type { Config } from '../../../../server/config/config.ts';
import { UsageError } from '../../../../server/errors.ts';
import { showAddress } from '../../../../server/netdev/user/network.ts';
import { parseOptions } from '../../../../server/options.ts';

function config(...argv: string[]): Config {
  const request = parseOptions(argv);
  if ('print' in request) throw new Error(`prints instead: ${request.print}`);
  return request.config;
}

/** Words of one line; none of them holds a space. */
const words = (line: string): string[] => line.split(' ').filter((word) => word !== '');
const from = (line: string): Config => config(...words(line));
/** Model and what it refers to, by slot from the last one down, as far as there are any. */
function plugged({ devices }: Config): unknown[] {
  return devices.toReversed().flatMap((spec) => (spec ? [spec.device] : []));
}

describe('drives', () => {
  it.each([
    [
      '-drive file=a.img,format=raw,if=none,id=d',
      { path: 'a.img', id: 'd', raw: true, readOnly: false, cache: 'writeback' },
    ],
    ['-drive a.img,if=none,id=d', { path: 'a.img', raw: false }],
    ['-drive file=a,,b,if=none,id=d,readonly=on', { path: 'a,b', readOnly: true }],
    ['-drive file=a,if=none,id=d,read-only=on,snapshot=on', { readOnly: true, snapshot: true }],
    ['-drive file=a,if=none,id=d,media=cdrom', { readOnly: true }],
    ['-drive file=a,if=none,id=d,cache=none,aio=native,discard=unmap', { cache: 'writeback' }],
    ['-drive file=a,if=none,id=d,cache=unsafe', { cache: 'unsafe' }],
    ['-drive file=a,if=none,id=d,cache=directsync', { cache: 'writethrough' }],
    ['-drive file=a,if=none,id=d -snapshot', { snapshot: true }],
    ['-blockdev driver=raw,node-name=d,file.driver=file,file.filename=a', { id: 'd', path: 'a', raw: true }],
    ['-blockdev raw,node-name=d,file.filename=a,read-only=on,cache.no-flush=on', { readOnly: true, cache: 'unsafe' }],
    [
      '-blockdev {"driver":"raw","node-name":"d","read-only":true,"file":{"driver":"file","filename":"a,b"}}',
      { id: 'd', path: 'a,b', readOnly: true },
    ],
  ])('%s', (line, drive) => {
    expect(from(line).drives).toMatchObject([drive]);
  });

  it('a node of -blockdev may be on top of another one', () => {
    const { drives } = from('-blockdev file,node-name=f,filename=a,read-only=on -blockdev raw,node-name=d,file=f');
    expect(drives).toMatchObject([
      { id: 'f', path: 'a' },
      { id: 'd', path: 'a', readOnly: true },
    ]);
  });

  it('brings a disk along unless it is told otherwise, in the order of the command line', () => {
    const line = '-hda a -device virtio-rng-device -drive file=b,if=virtio,id=b -drive file=n,if=none -cdrom c d.img';
    const made = from(line);
    expect(made.drives.map(({ path, id, readOnly }) => [path, id, readOnly])).toEqual([
      ['a', 'virtio0', false],
      ['b', 'b', false],
      ['n', 'none2', false],
      ['c', 'virtio3', true],
      ['d.img', 'virtio4', false],
    ]);
    expect(plugged(made)).toMatchObject([
      { model: 'virtio-blk-device', drive: 'virtio0' },
      { model: 'virtio-rng-device' },
      { drive: 'b' },
      { drive: 'virtio3' },
      { drive: 'virtio4' },
    ]);
  });

  it('is put into flash', () => {
    expect(from('-bios fw -drive if=pflash,file=a,id=a -pflash b').flash).toEqual(['a', 'pflash1']);
    expect(from('-drive if=pflash,unit=1,file=a,id=a').flash).toEqual([undefined, 'a']);
  });
});

describe('devices', () => {
  const disk = '-drive file=a,if=none,id=d';

  it('are models with what they refer to', () => {
    const line = `${disk} -netdev stream,id=n,addr.type=unix,addr.path=/s -object rng-random,id=r,filename=/dev/hwrng -chardev null,id=c
      -device virtio-blk-device,drive=d,serial=S1,bootindex=1 -device virtio-net-device,netdev=n,mac=02:00:00:00:ab:01
      -device virtio-rng-device,rng=r -device virtio-serial-device -device virtconsole,chardev=c,name=x`;
    const made = from(line.replaceAll('\n', ' '));
    expect(plugged(made)).toEqual([
      { model: 'virtio-blk-device', drive: 'd', serial: 'S1' },
      { model: 'virtio-net-device', netdev: 'n', mac: Uint8Array.of(2, 0, 0, 0, 0xab, 1) },
      { model: 'virtio-rng-device', rng: 'r' },
      expect.objectContaining({ model: 'virtio-serial-device', chardev: 'c' }),
    ]);
    expect(made.rngs).toMatchObject([{ id: 'r', path: '/dev/hwrng' }]);
  });

  it('may be JSON', () => {
    const device = '{"driver":"virtio-blk-device","drive":"d","id":"disk0","bootindex":1}';
    expect(config(...words(disk), '-device', device).devices[7]).toMatchObject({
      id: 'disk0',
      device: { model: 'virtio-blk-device', drive: 'd' },
    });
  });

  it('sit where they say, and otherwise in the last slot that is free', () => {
    const rng = '-device virtio-rng-device,id=';
    const line = `${rng}a ${rng}b,bus=virtio-mmio-bus.6 ${rng}c ${rng}d,bus=virtio-mmio-bus.0`;
    expect(from(line).devices.map((spec) => spec?.id)).toEqual(['d', ...Array(4).fill(undefined), 'c', 'b', 'a']);
  });

  it('of a network have addresses that differ', () => {
    const line = '-netdev socket,id=a,listen=:1 -netdev socket,id=b,connect=h:2';
    const made = from(`${line} -device virtio-net-device,netdev=a -device virtio-net-device,netdev=b`);
    expect(plugged(made)).toMatchObject([
      { mac: Uint8Array.of(0x52, 0x54, 0, 0x12, 0x34, 0x56) },
      { mac: Uint8Array.of(0x52, 0x54, 0, 0x12, 0x34, 0x57) },
    ]);
  });

  it('come with their back end in -nic', () => {
    const made = from(
      '-nic socket,connect=h:2,mac=02:00:00:00:00:01 -nic none -net none -global virtio-mmio.force-legacy=false',
    );
    expect(made.netdevs).toMatchObject([{ id: '#net0', backend: { type: 'stream', address: { host: 'h', port: 2 } } }]);
    expect(plugged(made)).toMatchObject([{ model: 'virtio-net-device', netdev: '#net0' }]);
  });
});

describe('network back ends', () => {
  it.each([
    ['socket,id=n,listen=:1234', { type: 'stream', address: { host: 'localhost', port: 1234 }, server: true }],
    ['socket,id=n,connect=10.0.0.1:1234', { type: 'stream', address: { host: '10.0.0.1', port: 1234 }, server: false }],
    ['socket,id=n,fd=5', { type: 'stream', address: { fd: 5 }, server: false }],
    [
      'socket,id=n,udp=h:1,localaddr=[::1]:2',
      { type: 'dgram', local: { host: '::1', port: 2 }, remote: { host: 'h', port: 1 } },
    ],
    ['stream,id=n,server=on,addr.type=unix,addr.path=/a', { type: 'stream', address: { path: '/a' }, server: true }],
    ['stream,id=n,addr.type=inet,addr.host=h,addr.port=9', { address: { host: 'h', port: 9 }, server: false }],
    ['stream,id=n,addr.type=fd,addr.str=4', { address: { fd: 4 } }],
    [
      'dgram,id=n,local.type=inet,local.host=h,local.port=9,remote.type=inet,remote.host=g,remote.port=8',
      { type: 'dgram', local: { host: 'h', port: 9 }, remote: { host: 'g', port: 8 } },
    ],
    [
      '{"type":"stream","id":"n","server":true,"addr":{"type":"unix","path":"/a,b"}}',
      { type: 'stream', address: { path: '/a,b' }, server: true },
    ],
  ])('%s', (argument, backend) => {
    expect(config('-netdev', argument).netdevs).toMatchObject([{ id: 'n', backend }]);
  });
});

describe('a network in user mode', () => {
  const network = (argument: string) => {
    const { backend } = config('-netdev', `user,id=n${argument}`).netdevs[0]!;
    if (backend.type !== 'user') throw new Error('another one');
    const { network: made, forwards } = backend;
    const shown = [made.network, made.mask, made.host, made.dns, made.firstGuest].map(showAddress).join(' ');
    return { shown, hostname: made.hostname, restricted: made.restricted, forwards };
  };

  it.each([
    ['', '10.0.2.0 255.255.255.0 10.0.2.2 10.0.2.3 10.0.2.15'],
    [',net=192.168.76.0/24', '192.168.76.0 255.255.255.0 192.168.76.2 192.168.76.3 192.168.76.15'],
    [',net=172.16.5.9/20,host=172.16.0.1', '172.16.0.0 255.255.240.0 172.16.0.1 172.16.0.3 172.16.0.15'],
    [',dns=10.0.2.9,dhcpstart=10.0.2.100', '10.0.2.0 255.255.255.0 10.0.2.2 10.0.2.9 10.0.2.100'],
  ])('with %j is %s', (argument, shown) => {
    expect(network(argument)).toMatchObject({ shown, restricted: false, hostname: undefined });
  });

  it('may be restricted and have a name', () => {
    expect(network(',restrict=on,hostname=box,ipv6=off')).toMatchObject({ restricted: true, hostname: 'box' });
  });

  it('forwards ports', () => {
    const { forwards } = network(',hostfwd=tcp::2222-:22,hostfwd=udp:127.0.0.1:5353-10.0.2.20:53,hostfwd=::1-:2');
    expect(forwards.map(({ guest, ...rest }) => ({ ...rest, guest: showAddress(guest) }))).toMatchObject([
      { protocol: 'tcp', host: '', port: 2222, guest: '10.0.2.15', guestPort: 22 },
      { protocol: 'udp', host: '127.0.0.1', port: 5353, guest: '10.0.2.20', guestPort: 53 },
      { protocol: 'tcp', host: '', port: 1, guest: '10.0.2.15', guestPort: 2 },
    ]);
  });

  it.each([
    [',net=foo', "Parameter 'net' expects a network such as 10.0.2.0/24, not 'foo'"],
    [',net=10.0.0.0/30', "Parameter 'net' expects a network such as 10.0.2.0/24, not '10.0.0.0/30'"],
    [',host=1.2.3.4', "Parameter 'host' expects an address in the network, not '1.2.3.4'"],
    [',dhcpstart=x', "Parameter 'dhcpstart' expects an address in the network, not 'x'"],
    [',ipv6=on', "Parameter 'ipv6' expects 'off': there is no IPv6"],
    [',tftp=/srv', "Invalid parameter 'tftp'"],
    [
      ',hostfwd=foo',
      "Invalid host forwarding rule 'foo' (expected [tcp|udp]:[HOSTADDR]:HOSTPORT-[GUESTADDR]:GUESTPORT)",
    ],
    [',hostfwd=sctp::1-:2', "Invalid host forwarding rule 'sctp::1-:2' (Bad protocol name)"],
    [',hostfwd=tcp:x:1-:2', "Invalid host forwarding rule 'tcp:x:1-:2' (Bad host address)"],
    [',hostfwd=tcp::1-1.2.3.4:2', "Invalid host forwarding rule 'tcp::1-1.2.3.4:2' (Bad guest address)"],
    [',hostfwd=tcp::99999-:2', "Invalid host forwarding rule 'tcp::99999-:2' (Bad host port)"],
    [',hostfwd=tcp::1-:0', "Invalid host forwarding rule 'tcp::1-:0' (Bad guest port)"],
  ])('%s is refused', (argument, complaint) => {
    expect(() => network(argument)).toThrow(new UsageError(`-netdev user,id=n${argument}: ${complaint}`));
  });
});

it('files are put into the firmware configuration', () => {
  const { fwCfg } = config('-fw_cfg', 'opt/a,string=x,,y', '-fw_cfg', 'name=opt/b,file=f');
  expect(fwCfg).toMatchObject([
    { name: 'opt/a', source: { text: 'x,y' } },
    { name: 'opt/b', source: { path: 'f' } },
  ]);
});

it('a kernel has a RAM disk and a device tree', () => {
  expect(from('-kernel k -initrd i -dtb t')).toMatchObject({ kernel: 'k', initrd: 'i', dtb: 't' });
});

/** Command line, and the error that QEMU gives for it where QEMU has the option. */
const errors: readonly [line: string, message: string, hint?: string][] = [
  ['-drive file=a,if=foo', "-drive file=a,if=foo: unsupported bus type 'foo'"],
  ['-drive file=a,if=ide', '-drive file=a,if=ide: machine type does not support if=ide,bus=0,unit=0'],
  ['-drive file=a,format=foo', "-drive file=a,format=foo: Unknown driver 'foo'"],
  [
    '-drive file=a,format=qcow2',
    '-drive file=a,format=qcow2: qcow2 images are not supported: only raw ones are',
    'A raw image is made of another one by: qemu-img convert -O raw IMAGE RAW',
  ],
  ['-drive file=a,bar=1', "-drive file=a,bar=1: Block format 'raw' does not support the option 'bar'"],
  ['-drive file=a,readonly=x', "-drive file=a,readonly=x: Parameter 'readonly' expects 'on' or 'off'"],
  ['-drive file=a,cache=x', "-drive file=a,cache=x: invalid cache option 'x'"],
  ['-drive file=a,media=x', "-drive file=a,media=x: 'x' invalid media"],
  ['-drive file=a,index=x', "-drive file=a,index=x: Parameter 'index' expects a number"],
  ['-drive if=virtio', "-drive if=virtio: drive 'virtio0' has no file"],
  ['-drive file=a,id=d -drive file=b,id=d', "-drive file=b,id=d: Duplicate ID 'd' for drive"],
  [
    '-drive file=a,id=1',
    "-drive file=a,id=1: Parameter 'id' expects an identifier",
    "Identifiers consist of letters, digits, '-', '.', '_', starting with a letter.",
  ],
  [
    '-drive if=pflash,unit=2,file=a',
    '-drive if=pflash,unit=2,file=a: machine type does not support if=pflash,bus=0,unit=2',
  ],
  ['-pflash a -pflash b -pflash c', '-pflash c: machine type does not support if=pflash,bus=0,unit=2'],
  ['-blockdev driver=raw,node-name=a', "-blockdev driver=raw,node-name=a: Parameter 'file' is missing"],
  [
    '-blockdev driver=foo,node-name=a',
    "-blockdev driver=foo,node-name=a: Parameter 'driver' does not accept value 'foo'",
  ],
  ['-blockdev raw,file.filename=a', "-blockdev raw,file.filename=a: 'node-name' must be specified for the root node"],
  ['-blockdev raw,node-name=a,file=b', "-blockdev raw,node-name=a,file=b: Cannot find device='b' nor node-name='b'"],
  ['-device foo', "-device foo: 'foo' is not a valid device model name"],
  [
    '-device virtio-blk-pci,drive=d',
    "-device virtio-blk-pci,drive=d: 'virtio-blk-pci' is not a valid device model name: there is no PCI bus, use 'virtio-blk-device'",
  ],
  ['-device virtio-blk-device', '-device virtio-blk-device: drive property not set'],
  [
    '-device virtio-blk-device,drive=nope',
    "-device virtio-blk-device,drive=nope: Property 'virtio-blk-device.drive' can't find value 'nope'",
  ],
  [
    '-drive file=a,if=none,id=d -device virtio-blk-device,drive=d,foo=bar',
    "-device virtio-blk-device,drive=d,foo=bar: Property 'virtio-blk-device.foo' not found",
  ],
  [
    '-drive file=a,id=d -device virtio-blk-device,drive=d',
    "-device virtio-blk-device,drive=d: drive 'd' is already in use by another device",
  ],
  [
    '-kernel k -drive file=a,if=pflash,id=d -device virtio-blk-device,drive=d',
    "-device virtio-blk-device,drive=d: drive 'd' is already in use by another device",
  ],
  ['-device virtio-net-device', '-device virtio-net-device: netdev property not set'],
  [
    '-device virtio-net-device,netdev=no',
    "-device virtio-net-device,netdev=no: Property 'virtio-net-device.netdev' can't find value 'no'",
  ],
  [
    '-device virtio-net-device,netdev=n,mac=xx',
    "-device virtio-net-device,netdev=n,mac=xx: Property 'virtio-net-device.mac' doesn't take value 'xx'",
  ],
  [
    '-device virtio-rng-device,rng=no',
    "-device virtio-rng-device,rng=no: Property 'virtio-rng-device.rng' can't find value 'no'",
  ],
  ['-device virtconsole', "-device virtconsole: No 'virtio-serial-bus' bus found for device 'virtconsole'"],
  [
    '-device virtio-serial-device -device virtconsole,chardev=no',
    "-device virtconsole,chardev=no: Property 'virtconsole.chardev' can't find value 'no'",
  ],
  [
    '-device virtio-rng-device,bus=virtio-mmio-bus.8',
    "-device virtio-rng-device,bus=virtio-mmio-bus.8: Bus 'virtio-mmio-bus.8' not found",
  ],
  [
    '-device virtio-rng-device,bus=virtio-mmio-bus.2 -device virtio-rng-device,bus=virtio-mmio-bus.2',
    "-device virtio-rng-device,bus=virtio-mmio-bus.2: Bus 'virtio-mmio-bus.2' is full",
  ],
  [
    '-device virtio-rng-device '.repeat(9),
    "-device virtio-rng-device: No 'virtio-bus' bus found for device 'virtio-rng-device'",
  ],
  [
    '-device virtio-rng-device,id=a -device virtio-rng-device,id=a',
    "-device virtio-rng-device,id=a: Duplicate ID 'a' for device",
  ],
  ['-netdev foo,id=x', "-netdev foo,id=x: Parameter 'type' does not accept value 'foo'"],
  ['-netdev socket', "-netdev socket: Parameter 'id' is missing"],
  ['-netdev socket,id=x', '-netdev socket,id=x: exactly one of listen=, connect=, fd= or udp= is required'],
  ['-netdev socket,id=x,listen=a', "-netdev socket,id=x,listen=a: 'a' is not HOST:PORT"],
  ['-netdev socket,id=x,udp=a:1', '-netdev socket,id=x,udp=a:1: localaddr= is mandatory with udp='],
  ['-netdev socket,id=x,mcast=a:1', '-netdev socket,id=x,mcast=a:1: mcast= is not supported: use udp='],
  ['-netdev stream,id=x', "-netdev stream,id=x: Parameter 'addr' is missing"],
  ['-netdev stream,id=x,addr.type=unix', "-netdev stream,id=x,addr.type=unix: Parameter 'addr.path' is missing"],
  ['-netdev dgram,id=x', '-netdev dgram,id=x: dgram requires local= parameter'],
  [
    '-netdev dgram,id=x,local.type=unix,local.path=a',
    "-netdev dgram,id=x,local.type=unix,local.path=a: Parameter 'local.type' does not accept value 'unix': only inet is there",
  ],
  ['-nic foo', "-nic foo: Parameter 'type' does not accept value 'foo'"],
  ['-nic socket,connect=a:1,model=e1000', '-nic socket,connect=a:1,model=e1000: Unsupported NIC model: e1000'],
  [
    '-global virtio-mmio.force-legacy=true',
    "-global virtio-mmio.force-legacy=true: property 'virtio-mmio.force-legacy' cannot be set",
  ],
  ['-net nic', "-net nic: Parameter 'type' does not accept value 'nic'"],
  ['-object foo,id=x', "-object foo,id=x: Parameter 'qom-type' does not accept value 'foo'"],
  ['-object rng-random', "-object rng-random: Parameter 'id' is missing"],
  ['-fw_cfg opt/x', "-fw_cfg opt/x: expected one of 'file' and 'string'"],
  ['-fw_cfg string=x', "-fw_cfg string=x: Parameter 'name' is missing"],
  ['-pflash a', 'firmware is not executed from flash: give it with -bios, or a kernel with -kernel'],
  ['-initrd i', '-initrd only allowed with -kernel option'],
];

describe('errors', () => {
  it.each(errors)('%s', (line, message, hint) => {
    let error: unknown;
    try {
      parseOptions(words(line));
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(UsageError);
    expect(error).toMatchObject({ message, hint });
  });

  it('of JSON say that it is none', () => {
    expect(() => config('-device', '{"driver":')).toThrow(/^-device \{"driver":: JSON parse error, /);
  });
});
