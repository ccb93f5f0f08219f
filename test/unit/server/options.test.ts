import { describe, expect, it } from 'vitest';
import type { Config } from '../../../server/config/config.ts';
import { UsageError } from '../../../server/errors.ts';
import { options, parseOptions } from '../../../server/options.ts';

function config(...argv: string[]): Config {
  const request = parseOptions(argv);
  if ('print' in request) throw new Error(`prints instead: ${request.print}`);
  return request.config;
}

function print(...argv: string[]): string {
  const request = parseOptions(argv);
  if ('config' in request) throw new Error('runs instead');
  return request.print;
}

/** Words of one line; none of them holds a space. */
const words = (line: string): string[] => line.split(' ').filter((word) => word !== '');

describe('the machine', () => {
  it('is one vCPU and 128 MiB unless told otherwise', () => {
    expect(config()).toMatchObject({ machine: 'virt', smp: 1, ramBytes: 128 << 20, paused: false, bios: undefined });
  });

  it.each([
    ['-smp 2', 2],
    ['-smp cpus=8', 8],
    ['--smp 3', 3],
    ['-smp 2 -smp 4', 4],
    ['-smp 2,sockets=2,cores=1,threads=1', 2],
    ['-smp sockets=2,cores=2', 4],
    ['-smp 4,cores=2', 4],
    ['-smp 4,maxcpus=4', 4],
  ])('%s gives %d vCPUs', (line, smp) => {
    expect(config(...words(line)).smp).toBe(smp);
  });

  it.each([
    ['-m 64', 64 << 20],
    ['-m 512M', 512 << 20],
    ['-m size=1G', 2 ** 30],
    ['-m 2G', 2 ** 31],
    ['-m 0', 128 << 20],
    ['-m 67108865b', (64 << 20) + 65536],
  ])('%s gives %d bytes', (line, bytes) => {
    expect(config(...words(line)).ramBytes).toBe(bytes);
  });

  it('takes the words of QEMU that change nothing here', () => {
    const line = '-machine virt,accel=tcg -cpu rv64 -accel tcg -display none -vga none -no-user-config -nodefaults';
    expect(config(...words(line))).toMatchObject({ machine: 'virt', monitors: [] });
  });

  it('keeps paths and texts as they are', () => {
    expect(
      config('-kernel', 'a,b', '-append', 'root=/dev/vda -x', '-bios', 'fw', '-D', 'l', '-pidfile', 'p'),
    ).toMatchObject({
      kernel: 'a,b',
      append: 'root=/dev/vda -x',
      bios: 'fw',
      logFile: 'l',
      pidFile: 'p',
    });
    expect(config('-bios', 'none').bios).toBeUndefined();
    expect(config('-bios', 'default').bios).toBeUndefined();
  });

  it('has flags', () => {
    expect(config('-S', '-no-reboot', '-no-shutdown', '-daemonize')).toMatchObject({
      paused: true,
      noReboot: true,
      noShutdown: true,
      daemonize: true,
    });
  });

  it('has a name', () => {
    expect(config('-name', 'one').name).toBe('one');
    expect(config('-name', 'guest=a,,b').name).toBe('a,b');
  });
});

describe('serial lines and monitors', () => {
  const onTerminal = {
    chardevs: [{ id: 'serial0', mux: true, backend: { type: 'stdio', signal: false } }],
    serial: { chardev: 'serial0' },
    monitors: [{ chardev: 'serial0', mode: 'readline' }],
  };

  it.each(['', '-nographic', '-serial mon:stdio', '-nographic -qmp unix:/tmp/q,server=on'])(
    'share the terminal with %j',
    (line) => {
      const { chardevs, serial, monitors } = config(...words(line));
      expect(chardevs.at(-1)).toMatchObject(onTerminal.chardevs[0]!);
      expect(serial).toMatchObject(onTerminal.serial);
      expect(monitors[0]).toMatchObject(onTerminal.monitors[0]!);
    },
  );

  it.each(['-display none', '-nodefaults', '-daemonize', '-qmp stdio', '-monitor stdio'])(
    'leave the terminal alone with %s',
    (line) => {
      const { chardevs, serial } = config(...words(line));
      const device = chardevs.find(({ id }) => id === serial?.chardev);
      expect(device?.backend).toEqual({ type: 'null' });
    },
  );

  it('a human monitor elsewhere leaves the terminal to the guest', () => {
    const { chardevs } = config('-nographic', '-monitor', 'unix:/tmp/m,server=on,wait=off');
    expect(chardevs.at(-1)).toMatchObject({ id: 'serial0', mux: false, backend: { type: 'stdio', signal: true } });
  });

  it('-serial none connects nothing', () => {
    expect(config('-serial', 'none')).toMatchObject({ serial: undefined, chardevs: [], monitors: [] });
  });

  it('-mon and -serial name what -chardev makes', () => {
    const line =
      '-chardev socket,id=mon,fd=3 -mon chardev=mon,mode=control -chardev socket,id=console,fd=4 -serial chardev:console';
    expect(config('-display', 'none', ...words(line))).toMatchObject({
      chardevs: [
        { id: 'mon', backend: { type: 'socket', address: { fd: 3 }, server: false } },
        { id: 'console', backend: { type: 'socket', address: { fd: 4 } } },
      ],
      serial: { chardev: 'console' },
      monitors: [{ chardev: 'mon', mode: 'control', pretty: false }],
    });
  });

  it('monitors may be many', () => {
    const line =
      '-qmp unix:/a,server=on -qmp-pretty unix:/b,server=on -monitor null -mon chardev=x,mode=control,pretty=on -chardev null,id=x';
    expect(config(...words(line)).monitors.map(({ mode, pretty }) => [mode, pretty])).toEqual([
      ['control', false],
      ['control', true],
      ['readline', false],
      ['control', true],
    ]);
  });
});

describe('debuggers', () => {
  const listening = (port: number) => ({
    id: 'gdb',
    backend: { type: 'socket', address: { host: 'localhost', port }, server: true, wait: false },
  });

  it.each([
    ['-s', 1234],
    ['-gdb tcp::4321', 4321],
    ['-gdb tcp:localhost:4321,server=off', 4321],
    ['-gdb none -gdb stdio -s', 1234],
  ])('%s listens on port %i', (line, port) => {
    const { chardevs, gdb } = config(...words(line));
    expect(gdb).toMatchObject({ chardev: 'gdb', own: true });
    expect(chardevs.filter(({ id }) => id === 'gdb')).toMatchObject([listening(port)]);
  });

  it('are served on other devices too, or nowhere', () => {
    const { chardevs, gdb } = config('-gdb', 'unix:/tmp/g,server=on');
    expect(gdb).toEqual({ chardev: 'gdb', own: true, option: '-gdb unix:/tmp/g,server=on' });
    expect(chardevs.at(-1)).toMatchObject({ id: 'gdb', backend: { address: { path: '/tmp/g' }, wait: true } });
    expect(config('-chardev', 'null,id=x', '-gdb', 'chardev:x').gdb).toMatchObject({ chardev: 'x', own: false });
    expect(config('-s', '-gdb', 'none').gdb).toBeUndefined();
    expect(config().gdb).toBeUndefined();
  });

  it('have the terminal to themselves', () => {
    const { chardevs, serial } = config('-gdb', 'stdio');
    expect(chardevs.find(({ id }) => id === serial?.chardev)?.backend).toEqual({ type: 'null' });
  });
});

describe('plugins and trace events', () => {
  it('each -instr is a plugin of its own, with its arguments in order', () => {
    const { plugins } = config('-instr', 'icount', '-instr', 'file=a,,b.ts,arg=x=1,,2,arg=y', '-instr', 'c,arg=z');
    expect(plugins.map(({ id, path, args }) => [id, path, args])).toEqual([
      ['cmdline', 'icount', []],
      ['cmdline1', 'a,b.ts', ['x=1,2', 'y']],
      ['cmdline2', 'c', ['z']],
    ]);
  });

  it('-trace takes patterns, files of patterns and an output', () => {
    const { trace } = config('-trace', 'riscv_*', '-trace', 'enable=-riscv_trap,file=out', '-trace', 'events=list');
    expect(trace).toMatchObject({
      patterns: [{ pattern: 'riscv_*' }, { pattern: '-riscv_trap' }],
      files: [{ path: 'list' }],
      output: { path: 'out' },
    });
  });
});

describe('texts', () => {
  it.each(['-h', '-help', '--help'])('%s shows every option with its argument', (word) => {
    const text = print(word);
    for (const { names, argument = '', doc } of options) {
      expect(text).toContain(`-${names[0]}`);
      expect(text).toContain(argument);
      expect(text).toContain(doc);
    }
  });
  it('-version names the version', () => {
    expect(print('-version')).toMatch(/^Vivarium emulator version \d+\.\d+\.\d+\n$/);
    expect(print('--version')).toBe(print('-version'));
  });
  it('lists stand behind `help`', () => {
    expect(print('-machine', 'help')).toBe('Supported machines are:\nvirt                 RISC-V VirtIO board\n');
    expect(print('-M', 'help')).toBe(print('-machine', 'help'));
    expect(print('-cpu', 'help')).toBe('rv64\n');
    expect(print('-chardev', 'help')).toContain('\n  socket\n');
  });
  it('every option has one name and one row', () => {
    const names = options.flatMap((option) => option.names);
    expect(new Set(names).size).toBe(names.length);
  });
});

/** Command line, and the error that QEMU gives for it where QEMU has the option. */
const errors: readonly [line: string, message: string, hint?: string][] = [
  ['-nosuch', '-nosuch: invalid option'],
  ['--nosuch', '--nosuch: invalid option'],
  ['-no-reboot=1', '-no-reboot=1: invalid option'],
  ['-m', '-m: requires an argument'],
  ['-kernel', '-kernel: requires an argument'],
  ['-M nosuch', 'unsupported machine type', 'Use -machine help to list supported machines'],
  ['-M virt -M toString', 'unsupported machine type', 'Use -machine help to list supported machines'],
  ['-M virt,foo=1', "Property 'virt-machine.foo' not found"],
  ['-M virt,accel=kvm', 'invalid accelerator kvm'],
  ['-accel kvm', '-accel kvm: invalid accelerator kvm'],
  ['-cpu nosuch', "unable to find CPU model 'nosuch'"],
  ['-display gtk', "-display gtk: Parameter 'type' does not accept value 'gtk'"],
  ['-vga std', '-vga std: unknown vga type: std'],
  ['-smp 0', 'Invalid CPU topology: CPU topology parameters must be greater than zero'],
  ['-smp 9', "Invalid SMP CPUs 9. The max CPUs supported by machine 'virt' is 8"],
  ['-smp -1', "Invalid SMP CPUs -1. The max CPUs supported by machine 'virt' is 8"],
  ['-smp abc', "Parameter 'smp.cpus' expects integer"],
  ['-smp 1.5', "Parameter 'smp.cpus' expects integer"],
  ['-smp 2,cores=x', "Parameter 'smp.cores' expects integer"],
  ['-smp cpus=2,foo=1', "Parameter 'smp.foo' is unexpected"],
  [
    '-smp 2,sockets=2,cores=2',
    'Invalid CPU topology: product of the hierarchy must match maxcpus: sockets (2) * cores (2) != maxcpus (2)',
  ],
  ['-smp 2,maxcpus=4', 'Invalid CPU topology: maxcpus (4) must equal cpus (2): no vCPU can be plugged in later'],
  [
    '-m 5x',
    "-m 5x: Parameter 'size' expects a non-negative number below 2^64",
    'Optional suffix k, M, G, T, P or E means kilo-, mega-, giga-, tera-, peta-\nand exabytes, respectively.',
  ],
  ['-m 63', "machine 'virt' takes 64 MiB to 2048 MiB of RAM, and -m asks for 63 MiB"],
  ['-m 4G', "machine 'virt' takes 64 MiB to 2048 MiB of RAM, and -m asks for 4096 MiB"],
  ['-m size=64M,foo=2', "-m size=64M,foo=2: Invalid parameter 'foo'"],
  ['-append foo', '-append only allowed with -kernel option'],
  ['-name guest=a,foo=b', "-name guest=a,foo=b: Invalid parameter 'foo'"],
  ['-serial nosuch', "-serial nosuch: 'nosuch' is not a valid char driver"],
  ['-serial chardev:q', "-serial chardev:q: could not connect serial device to character backend 'chardev:q'"],
  ['-serial null -serial stdio', "-serial stdio: machine 'virt' has one serial line only"],
  ['-qmp nosuch', "-qmp nosuch: 'nosuch' is not a valid char driver"],
  ['-monitor vc', "-monitor vc: 'vc' is not a valid char driver"],
  ['-monitor mon:stdio', "-monitor mon:stdio: 'mon:' is for -serial: -monitor is a monitor already"],
  ['-serial stdio -monitor stdio', '-serial stdio: cannot use stdio by multiple character devices'],
  ['-mon chardev=nosuch,mode=control', '-mon chardev=nosuch,mode=control: chardev "nosuch" not found'],
  ['-mon mode=control', "-mon mode=control: Parameter 'chardev' is missing"],
  ['-chardev null,id=a -mon a,mode=foo', "-mon a,mode=foo: Parameter 'mode' does not accept value 'foo'"],
  ['-chardev null,id=a -mon a,pretty=on', "-mon a,pretty=on: 'pretty' is not compatible with HMP monitors"],
  ['-chardev null,id=a -mon a,mode=control,foo=1', "-mon a,mode=control,foo=1: Invalid parameter 'foo'"],
  [
    '-serial mon:stdio -mon serial0,mode=control',
    '-mon serial0,mode=control: chardev "serial0" has mux=on, which is for people: a QMP monitor cannot share it',
  ],
  ['-chardev null,id=a -chardev null,id=a', "-chardev null,id=a: Duplicate ID 'a' for chardev"],
  ['-gdb nosuch', "-gdb nosuch: 'nosuch' is not a valid char driver"],
  ['-gdb chardev:q', '-gdb chardev:q: chardev "q" not found'],
  ['-gdb mon:stdio', "-gdb mon:stdio: 'mon:' is for -serial: a debugger shares its device with nobody"],
  ['-serial stdio -gdb stdio', '-gdb stdio: cannot use stdio by multiple character devices'],
  [
    '-serial mon:stdio -gdb chardev:serial0',
    '-gdb chardev:serial0: chardev "serial0" has mux=on: a debugger cannot share it',
  ],
  ['-instr arg=x', "-instr arg=x: Parameter 'file' is missing"],
  ['-instr x,foo=1', "-instr x,foo=1: Invalid parameter 'foo'"],
  ['-trace foo=bar', "-trace foo=bar: Invalid parameter 'foo'"],
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
});
