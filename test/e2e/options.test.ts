/** Options of the command line that show in what the daemon does. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually, qmpClient, runDaemon, startDaemon } from '../support/daemon.ts';
import { testFile } from '../support/guest-machine.ts';
import { pluginFile } from '../support/plugin-file.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const guest = (name: string): string[] => ['-display', 'none', '-kernel', testFile(`guests/${name}.elf`)];
const read = (path: string): string => readFileSync(path, 'utf8');
const linesOf = (path: string): string[] => read(path).split('\n').slice(0, -1);

test('-S waits for cont, and -instr is in place before the first instruction', async () => {
  const directory = temporaryDirectory();
  const path = join(directory, 'qmp');
  const plugin = pluginFile(`
    export default plugin('mine', {
      doc: '',
      options: struct('Options', { text: str(), number: int() }),
      counters: { blocks: 'Blocks entered.' },
      translate: (block, probe) => probe.count(block, probe.named('blocks')),
      report: ({ args, counters }) => ({ ...args, ...counters }),
    });
  `);
  const plugins = ['-instr', `file=${plugin},arg=text=a,,b,arg=number=0x10`, '-instr', 'icount,arg=vcpu=0'];
  const qmp = ['-qmp', `unix:${path},server=on,wait=off`];
  const daemon = startDaemon([...guest('bin/coremark-like'), '-S', '-no-shutdown', ...plugins, ...qmp]);
  await eventually(() => existsSync(path));
  const client = await qmpClient(path);
  expect(await client.execute('query-status')).toEqual({ running: false, status: 'prelaunch' });
  expect(await client.execute('query-instr')).toMatchObject([
    { id: 'cmdline', path: plugin, args: ['text=a,b', 'number=0x10'], report: { text: 'a,b', number: 16, blocks: 0 } },
    { id: 'cmdline1', path: 'icount', counters: { instructions: 0 } },
  ]);
  await client.execute('cont');
  await eventually(async () => client.events.some(({ event }) => event === 'SHUTDOWN'));
  const [mine, icount] = await client.execute<{ report: unknown; counters: { instructions: number } }[]>('query-instr');
  expect(mine!.report).toMatchObject({ blocks: expect.any(Number) });
  // The guest itself counts what it retires between start and end of its work.
  expect(icount!.counters.instructions).toBeGreaterThan(5_331_658);
  daemon.child.kill();
  expect(await daemon.ended).toBe(0);
});

test('-trace writes events to its file, all of them and in order, up to the last', async () => {
  const directory = temporaryDirectory();
  const trace = join(directory, 'trace');
  const events = ['-trace', `riscv_trap,file=${trace}`, '-trace', 'guest_cpu_*', '-trace', 'memory_region_ops_write'];
  expect(await runDaemon([...guest('bin/traps'), '-serial', 'null', ...events])).toMatchObject({ status: 0, err: '' });
  const lines = linesOf(trace);
  expect(lines[0]).toBe('guest_cpu_enter cpu:0');
  expect(lines.filter((line) => line.startsWith('riscv_trap')).length).toBeGreaterThan(40);
  const finish = "memory_region_ops_write cpu 0 addr 0x100000 value 0x5555 size 4 name 'riscv.sifive.test'";
  expect(lines.slice(-2)).toEqual([finish, 'guest_cpu_exit cpu:0']);
  expect(lines.filter((line) => !/^(riscv_trap|guest_cpu_\w+|memory_region_ops_write) /.test(line))).toEqual([]);
});

test('what plugins write arrives in its file in order, up to the last line', async () => {
  const directory = temporaryDirectory();
  const file = join(directory, 'lines');
  const plugin = pluginFile(`
    const PADDING = ' '.repeat(1000);
    export default plugin('p', {
      doc: '',
      options: nothing,
      state: (_, vcpu) => ({ vcpu, line: 0 }),
      translate(block, probe, state) {
        probe.call(block, () => {
          if (state.line < 20_000) state.vcpu.write('${file}', state.vcpu.index + ' ' + state.line++ + PADDING + '\\n');
        });
      },
      vcpuExit: ({ index, write }, { line }) => write('${file}', index + ' ended after ' + line + '\\n'),
    });
  `);
  const options = ['-smp', '2', '-serial', 'null', '-instr', plugin];
  expect(await runDaemon([...guest('bin/atomics'), ...options])).toMatchObject({ status: 0, err: '' });
  const lines = linesOf(file).map((line) => line.trimEnd());
  for (const vcpu of [0, 1]) {
    const own = lines.filter((line) => line.startsWith(`${vcpu} `));
    const numbers = Array.from({ length: own.length - 1 }, (_, index) => `${vcpu} ${index}`);
    expect(own.length).toBeGreaterThan(2000);
    expect(own).toEqual([...numbers, `${vcpu} ended after ${own.length - 1}`]);
  }
});

test('-D takes the log, events and warnings of the guest and of plugins', async () => {
  const log = join(temporaryDirectory(), 'log');
  const plugin = pluginFile(`
    export default plugin('p', { doc: '', options: nothing, translate: () => { throw new Error('on purpose'); } });
  `);
  const { status, err } = await runDaemon([...guest('bin/exit42'), '-D', log, '-instr', plugin, '-serial', 'null']);
  expect([status, err]).toEqual([42, '']);
  const text = read(log);
  for (const part of [
    'info: the machine is ready',
    'info: RESUME',
    "warning: plugin 'cmdline' failed on vCPU 0 and was removed: on purpose",
    'info: SHUTDOWN',
  ])
    expect(text).toContain(part);
});

test('-daemonize returns when clients can connect; -pidfile names the daemon, and goes with it', async () => {
  const cwd = temporaryDirectory();
  const [pidFile, path] = [join(cwd, 'pid'), join(cwd, 'qmp')];
  const options = ['-smp', '2', '-daemonize', '-pidfile', 'pid', '-qmp', 'unix:qmp,server=on,wait=off', '-D', 'log'];
  expect(await runDaemon([...guest('bin/spin'), ...options], { cwd })).toEqual({ status: 0, out: '', err: '' });
  const client = await qmpClient(path);
  expect(await client.execute('query-status')).toEqual({ running: true, status: 'running' });
  const pid = Number(read(pidFile));
  expect(() => process.kill(pid, 0)).not.toThrow();
  await client.execute('quit');
  await client.closed;
  await eventually(() => !existsSync(pidFile));
  await eventually(() => {
    try {
      process.kill(pid, 0);
      return false;
    } catch {
      return true;
    }
  });
});
