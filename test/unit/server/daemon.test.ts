import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { BootError } from '../../../core/machine/boot/boot.ts';
import { ElfError } from '../../../core/machine/boot/elf.ts';
import type { BlockBackend, CharacterBackend, ShutdownReason, VirtioDevice } from '../../../core/machine/interface.ts';
import type { MachineConfig } from '../../../schema/config.ts';
import { Daemon, type Environment } from '../../../server/daemon.ts';
import { UsageError } from '../../../server/errors.ts';
import { options, parseOptions } from '../../../server/options.ts';
import { FakeMachine } from '../../support/fakes/fake-machine.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

/**
 * A daemon around a fake machine, with all that it has shown to anybody.
 * @param refusal thrown in place of making the machine
 */
function daemon(argv: readonly string[], refusal?: Error) {
  const request = parseOptions(argv);
  if ('print' in request) throw new Error('prints');
  const machine = new FakeMachine({ runState: 'prelaunch' });
  const lines: string[] = [];
  const reports: string[] = [];
  const keep =
    (level: string) =>
    (fields: object, message: string): void =>
      void lines.push(`${level}: ${message} ${JSON.stringify(fields)}`);
  const output = new PassThrough();
  const input = new PassThrough();
  let asked: MachineConfig<CharacterBackend> | undefined;
  const environment: Environment = {
    async createMachine(config) {
      asked = config;
      if (refusal !== undefined) throw refusal;
      return machine;
    },
    human: {
      commands: [],
      serve(stream) {
        stream.write('(qemu) ');
        stream.onData((bytes) => stream.write(`echo ${Buffer.from(bytes)}`));
      },
      run: async (_context, line) => `ran ${line}`,
    },
    log: {
      info: keep('info'),
      warn: keep('warning'),
      error: keep('error'),
      line: (text) => void lines.push(text),
      flush() {},
    },
    stdio: { input, output },
    report: (line) => void reports.push(line),
    focus: 0,
    options,
  };
  const made = new Daemon(request.config, environment);
  onTestFinished(() => made.shutdown('host-signal').then(() => void made.ended));
  return { daemon: made, machine, lines, reports, input, output, asked: () => asked! };
}

/** A QMP client: sends a line, and collects what comes until the end. */
function qmp(path: string) {
  const socket = connect({ path });
  onTestFinished(() => void socket.destroy());
  let text = '';
  socket.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  const closed = once(socket, 'close');
  return {
    closed,
    send: (line: string) => socket.write(line),
    messages: () =>
      text
        .split('\r\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    text: () => text,
  };
}

const kernel = (directory: string): string => {
  const path = join(directory, 'kernel');
  writeFileSync(path, 'the kernel');
  return path;
};

describe('start', () => {
  it('makes the machine that the command line asks for, and runs it last', async () => {
    const directory = temporaryDirectory();
    const bios = join(directory, 'bios');
    writeFileSync(bios, 'the firmware');
    const argv = [
      '-smp',
      '4',
      '-m',
      '64',
      '-bios',
      bios,
      '-kernel',
      kernel(directory),
      '-append',
      'a b',
      '-no-reboot',
      '-instr',
      'insn',
    ];
    const { daemon: made, machine, asked } = daemon([...argv, '-display', 'none']);
    const events: string[] = [];
    machine.onEvent(({ name }) => void events.push(name));
    await made.start();
    expect(asked()).toMatchObject({
      machine: 'virt',
      smp: 4,
      ramBytes: 64 << 20,
      append: 'a b',
      noReboot: true,
      paused: true,
    });
    expect(Buffer.from(asked().kernel!.bytes).toString()).toBe('the kernel');
    expect(Buffer.from(asked().bios!.bytes).toString()).toBe('the firmware');
    expect(events).toEqual(['INSTR_LOADED', 'RESUME']);
    expect(machine.runState).toBe('running');
  });

  it('plugs in what it is asked to, and closes it at the end', async () => {
    const directory = temporaryDirectory();
    const path = (name: string): string => join(directory, name);
    for (const name of ['disk', 'initrd', 'tree']) writeFileSync(path(name), name.padEnd(512, '.'));
    writeFileSync(path('flash'), 'f');
    const drives = ['-drive', `file=${path('disk')},format=raw`, '-pflash', path('flash')];
    const files = ['-initrd', path('initrd'), '-dtb', path('tree'), '-fw_cfg', `opt/a,file=${path('initrd')}`];
    const console = ['-chardev', `file,id=c,path=${path('console')}`, '-device', 'virtio-serial-device'];
    const devices = [...console, '-device', 'virtconsole,chardev=c', '-netdev', 'socket,id=n,listen=:0', '-snapshot'];
    const argv = ['-display', 'none', '-kernel', kernel(directory), ...drives, ...files, ...devices];
    const {
      daemon: made,
      asked,
      reports,
    } = daemon([...argv, '-device', 'virtio-rng-device', '-fw_cfg', 'opt/b,string=x']);
    await made.start();
    const { virtio = [], flash, fwCfgFiles, initrd, deviceTree } = asked();
    const names = virtio.map((device) => (device as VirtioDevice | undefined)?.identity.name);
    expect(names.slice(5)).toEqual(['virtio-rng', 'virtio-serial', 'virtio-blk']);
    expect(names.slice(0, 5)).toEqual(Array.from({ length: 5 }));
    expect(flash).toMatchObject([{ bytes: 512, readOnly: false }, undefined]);
    expect(fwCfgFiles?.map(({ name, bytes }) => [name, Buffer.from(bytes).toString().slice(0, 7)])).toEqual([
      ['opt/a', 'initrd.'],
      ['opt/b', 'x'],
    ]);
    expect([initrd?.name, deviceTree?.name]).toEqual([path('initrd'), path('tree')]);
    expect(reports).toEqual([
      '-netdev socket,id=n,listen=:0: warning: netdev n has no peer: nothing is plugged into it',
    ]);
    const bank = flash![0] as BlockBackend;
    await bank.write(0, new Uint8Array(512));
    await made.shutdown('host-signal');
    await made.ended;
    expect(readFileSync(path('flash'), 'utf8')).toBe('f');
    await expect(bank.read(0, 512)).rejects.toThrow();
  });

  it('does not run it with -S', async () => {
    const { daemon: made, machine } = daemon(['-S', '-display', 'none', '-kernel', kernel(temporaryDirectory())]);
    await made.start();
    expect(machine.runState).toBe('prelaunch');
  });

  it('gives each -instr its id and arguments', async () => {
    const argv = ['-instr', 'insn,arg=a=1,arg=b', '-instr', 'hotblocks', '-kernel', kernel(temporaryDirectory())];
    const { daemon: made, machine } = daemon(['-display', 'none', ...argv]);
    await made.start();
    const loaded = await machine.instrumentation.query();
    expect(loaded.map(({ id, path, args }) => [id, path, args])).toEqual([
      ['cmdline', 'insn', ['a=1', 'b']],
      ['cmdline1', 'hotblocks', []],
    ]);
  });

  it('switches trace events, and warns of names that do not exist', async () => {
    const directory = temporaryDirectory();
    const list = join(directory, 'events');
    writeFileSync(list, '# a comment\nserial_write\n\n-riscv_trap\n');
    const trace = [
      '-trace',
      'exec_*',
      '-trace',
      '-exec_tb_exit',
      '-trace',
      'riscv_trap',
      '-trace',
      'nosuch',
      '-trace',
      `events=${list}`,
    ];
    const { daemon: made, machine, reports } = daemon(['-display', 'none', '-kernel', kernel(directory), ...trace]);
    await made.start();
    const on = machine.traceEvents.all.filter(({ enabled }) => enabled).map(({ name }) => name);
    expect(on).toEqual(['exec_tb', 'serial_write']);
    expect(reports).toEqual(["-trace nosuch: warning: trace event 'nosuch' does not exist"]);
  });

  it('sends trace lines to the log, or to their file', async () => {
    const directory = temporaryDirectory();
    const argv = ['-display', 'none', '-kernel', kernel(directory)];
    const logged = daemon(argv);
    await logged.daemon.start();
    logged.asked().trace?.('riscv_trap hart:0');
    expect(logged.lines).toContain('riscv_trap hart:0');

    const path = join(directory, 'trace');
    const filed = daemon([...argv, '-trace', `riscv_trap,file=${path}`]);
    await filed.daemon.start();
    filed.asked().trace?.('riscv_trap hart:0');
    filed.asked().trace?.('riscv_trap hart:1');
    await filed.daemon.shutdown('host-signal');
    await filed.daemon.ended;
    expect(readFileSync(path, 'utf8')).toBe('riscv_trap hart:0\nriscv_trap hart:1\n');
  });

  it('writes the pid file and removes it', async () => {
    const directory = temporaryDirectory();
    const path = join(directory, 'pid');
    const { daemon: made } = daemon(['-display', 'none', '-kernel', kernel(directory), '-pidfile', path]);
    await made.start();
    expect(readFileSync(path, 'utf8')).toBe(`${process.pid}\n`);
    await made.shutdown('host-signal');
    await made.ended;
    expect(existsSync(path)).toBe(false);
  });

  it.each([
    [['-kernel', '/nosuch/vmlinux'], "could not load kernel '/nosuch/vmlinux': No such file or directory"],
    [['-bios', '/nosuch/fw'], 'Unable to load the RISC-V firmware "/nosuch/fw": No such file or directory'],
    [['-qmp', 'unix:/nosuch/q'], "-qmp unix:/nosuch/q: Failed to connect to '/nosuch/q': No such file or directory"],
    [['-drive', 'file=/nosuch/d'], "-drive file=/nosuch/d: Could not open '/nosuch/d': No such file or directory"],
    [['-hda', '/nosuch/d'], "-hda /nosuch/d: Could not open '/nosuch/d': No such file or directory"],
    [['-dtb', '/nosuch/t'], "Unable to load device tree file '/nosuch/t': No such file or directory"],
    [
      ['-nic', 'stream,addr.type=unix,addr.path=/nosuch/s'],
      "-nic stream,addr.type=unix,addr.path=/nosuch/s: Failed to connect to '/nosuch/s': No such file or directory",
    ],
    [
      ['-fw_cfg', 'opt/a,file=/nosuch/f'],
      "-fw_cfg opt/a,file=/nosuch/f: can't load /nosuch/f: No such file or directory",
    ],
    [['-instr', 'nosuch.ts'], '-instr nosuch.ts: Error loading library: nosuch.ts: no such file'],
    [['-instr', 'insn,arg=fail'], '-instr insn,arg=fail: Library initialization returned non-zero: asked to fail'],
    [['-pidfile', '/nosuch/pid'], "cannot create PID file: Could not create '/nosuch/pid': No such file or directory"],
    [['-trace', 'events=/nosuch'], '-trace events=/nosuch: /nosuch: No such file or directory'],
    [['-trace', 'file=/nosuch/t'], "-trace file=/nosuch/t: Could not open '/nosuch/t': No such file or directory"],
    [['-chardev', 'null,id=a', '-serial', 'chardev:a', '-mon', 'a'], "-mon a: Device 'a' is in use"],
  ])('%j fails with its reason and leaves nothing behind', async (argv, message) => {
    const directory = temporaryDirectory();
    const socket = join(directory, 'left');
    const own = argv.includes('-kernel') || argv.includes('-bios') ? [] : ['-kernel', kernel(directory)];
    const { daemon: made, machine } = daemon([
      '-display',
      'none',
      '-qmp',
      `unix:${socket},server=on,wait=off`,
      ...own,
      ...argv,
    ]);
    await expect(made.start()).rejects.toThrow(new UsageError(message));
    expect(existsSync(socket)).toBe(false);
    expect(machine.listeners).toBe(0);
  });
});

describe('a machine that cannot be made', () => {
  const argv = (): string[] => ['-display', 'none', '-kernel', kernel(temporaryDirectory())];

  it.each([
    [new ElfError('k.elf: is truncated'), 'k.elf: is truncated'],
    [new BootError('kernel k is empty'), 'kernel k is empty'],
    [
      new RangeError('WebAssembly.Memory(): could not allocate memory'),
      "cannot set up guest memory 'riscv_virt_board.ram': Cannot allocate memory",
    ],
  ])('is an error of the command line: %s', async (refusal, message) => {
    await expect(daemon(argv(), refusal).daemon.start()).rejects.toThrow(new UsageError(message));
  });

  it('stays a defect otherwise', async () => {
    const defect = new RangeError('offset is out of bounds');
    await expect(daemon(argv(), defect).daemon.start()).rejects.toBe(defect);
  });
});

describe('the end', () => {
  async function running(...more: string[]) {
    const directory = temporaryDirectory();
    const path = join(directory, 'q');
    const made = daemon([
      '-display',
      'none',
      '-kernel',
      kernel(directory),
      '-qmp',
      `unix:${path},server=on,wait=off`,
      ...more,
    ]);
    await made.daemon.start();
    const client = qmp(path);
    client.send('{"execute": "qmp_capabilities"}');
    await vi.waitFor(() => expect(client.messages()).toHaveLength(2));
    return { ...made, client, path };
  }
  const shutdown = (guest: boolean, reason: ShutdownReason) =>
    expect.objectContaining({ event: 'SHUTDOWN', data: { guest, reason } });

  it('after `quit`: SHUTDOWN, the reply, the end of the connection, status 0', async () => {
    const { daemon: made, client, path } = await running();
    client.send('{"execute": "quit", "id": 7}');
    expect(await made.ended).toBe(0);
    await client.closed;
    expect(client.messages().slice(2)).toEqual([shutdown(false, 'host-qmp-quit'), { return: {}, id: 7 }]);
    expect(existsSync(path)).toBe(false);
  });

  it('by a signal: SHUTDOWN to every client, status 0', async () => {
    const { daemon: made, client, path } = await running();
    const other = qmp(path);
    other.send('{"execute": "qmp_capabilities"}');
    await vi.waitFor(() => expect(other.messages()).toHaveLength(2));
    await made.shutdown('host-signal');
    expect(await made.ended).toBe(0);
    await Promise.all([client.closed, other.closed]);
    expect(client.messages().at(-1)).toEqual(shutdown(false, 'host-signal'));
    expect(other.messages().at(-1)).toEqual(shutdown(false, 'host-signal'));
  });

  it.each([
    [0, 0],
    [1, 1],
    [255, 255],
    [0x1234, 0x34],
  ])('by the guest with code %d: status %d', async (exitCode, status) => {
    const { daemon: made, machine, client } = await running();
    machine.runState = 'shutdown';
    machine.emit({ name: 'SHUTDOWN', guest: true, reason: 'guest-shutdown', exitCode });
    expect(await made.ended).toBe(status);
    await client.closed;
    expect(client.messages().at(-1)).toEqual(shutdown(true, 'guest-shutdown'));
  });

  it('with -no-shutdown the guest does not end the daemon; quit does, with the status of the guest', async () => {
    const { daemon: made, machine, client } = await running('-no-shutdown');
    machine.runState = 'shutdown';
    machine.emit({ name: 'SHUTDOWN', guest: true, reason: 'guest-shutdown', exitCode: 3 });
    client.send('{"execute": "query-status"}');
    await vi.waitFor(() =>
      expect(client.messages().at(-1)).toEqual({ return: { running: false, status: 'shutdown' } }),
    );
    client.send('{"execute": "quit"}');
    await client.closed;
    expect(client.messages().at(-1)).toEqual({ return: {} });
    expect(await made.ended).toBe(3);
  });

  it('while it waits for its first client', async () => {
    const directory = temporaryDirectory();
    const path = join(directory, 'q');
    const made = daemon(['-display', 'none', '-kernel', kernel(directory), '-qmp', `unix:${path},server=on`]);
    void made.daemon.start();
    await vi.waitFor(() => expect(made.reports[0]).toContain('info: QEMU waiting for connection on'));
    await made.daemon.shutdown('host-signal');
    expect(await made.daemon.ended).toBe(0);
    expect(existsSync(path)).toBe(false);
  });

  it('of a process that fails: sockets and pid file are gone at once', async () => {
    const directory = temporaryDirectory();
    const pid = join(directory, 'pid');
    const { daemon: made, path } = await running('-pidfile', pid);
    expect([existsSync(path), existsSync(pid)]).toEqual([true, true]);
    made.abandon();
    expect([existsSync(path), existsSync(pid)]).toEqual([false, false]);
  });

  it('leaves a pid file alone that it has not written', async () => {
    const directory = temporaryDirectory();
    const pid = join(directory, 'pid');
    mkdirSync(pid);
    const { daemon: made } = daemon(['-display', 'none', '-kernel', kernel(directory), '-pidfile', pid]);
    await expect(made.start()).rejects.toThrow('cannot create PID file');
    made.abandon();
    expect(existsSync(pid)).toBe(true);
  });
});

describe('the terminal', () => {
  it('is console and monitor, and Ctrl-A x ends the machine', async () => {
    const made = daemon(['-nographic', '-kernel', kernel(temporaryDirectory())]);
    await made.daemon.start();
    let shown = '';
    made.output.setEncoding('utf8').on('data', (text: string) => {
      shown += text;
    });
    const guest: string[] = [];
    const { serial } = made.asked();
    serial.onData((bytes) => {
      guest.push(Buffer.from(bytes).toString());
      return bytes.length;
    });
    serial.write(Buffer.from('login: '));
    made.input.write('root\r\x01cinfo\r');
    await vi.waitFor(() => expect(shown).toBe('login: \r\n(qemu) echo info\r'));
    expect(guest.join('')).toBe('root\r');
    const events: unknown[] = [];
    made.machine.onEvent((event) => void events.push(event));
    made.input.write('\x01x');
    expect(await made.daemon.ended).toBe(0);
    expect(shown).toMatch(/vivarium: terminated\r\n$/);
    expect(events).toContainEqual({ name: 'SHUTDOWN', guest: false, reason: 'host-ui', exitCode: 0 });
  });
});

describe('the log', () => {
  it('tells of a plugin that has failed', async () => {
    const { daemon: made, machine, lines } = daemon(['-display', 'none', '-kernel', kernel(temporaryDirectory())]);
    await made.start();
    machine.emit({ name: 'INSTR_ERROR', id: 'lib0', vcpu: 1, message: 'out of bounds' });
    expect(lines).toContain("warning: plugin 'lib0' failed on vCPU 1 and was removed: out of bounds {}");
  });
});
