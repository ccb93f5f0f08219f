import { describe, expect, it } from 'vitest';
import { humanMonitor } from '../../../../monitor/human/monitor.ts';
import { FakeMachine } from '../../../support/fakes/fake-machine.ts';
import { daemon } from '../session.ts';

const text = (...lines: string[]): string => lines.map((line) => `${line}\n`).join('');

describe('help', () => {
  const { human, context } = daemon();
  const commands = [...context.registry.human.values()];

  it('lists the commands by name, and the subjects of info', async () => {
    const listed = (await human('help')).split('\n').slice(0, -1);
    expect(listed).toHaveLength(commands.filter(({ name }) => !name.includes(' ')).length);
    expect(listed).toEqual(listed.toSorted());
    expect(listed).toContain('stop|s  -- stop every vCPU and guest time');
    const subjects = (await human('help info')).split('\n').slice(0, -1);
    expect(subjects).toHaveLength(commands.length - listed.length);
    expect(subjects).toContain('info status  -- show whether the machine runs, and why not');
    expect(await human('info')).toBe(await human('help info'));
    expect(await human('?')).toBe(await human('help'));
  });

  it.each(commands)('tells about $name', async ({ name, params, doc }) => {
    expect(doc).toMatch(/^[a-z].*[^.]$/);
    if (name !== 'info') expect(await human(`help ${name}`)).toMatch(new RegExp(`^${name}.* -- `));
    expect(await human(`help ${name}`)).toContain(name === 'info' ? 'info cpus' : ` ${params} -- ${doc}\n`);
  });

  it('knows aliases, and not what there is not', async () => {
    expect(await human('help s')).toBe(await human('help stop'));
    expect(await human('help  info   name')).toBe('info name  -- show the name that the machine was given\n');
    expect(await human('help nosuch')).toBe("unknown command: 'nosuch'\n");
    expect(await human('help info nosuch')).toBe("unknown command: 'info nosuch'\n");
  });

  it('has no two commands of one name', () => {
    const names = commands.flatMap(({ name, aliases = [] }) => [name, ...aliases]);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('running and stopping', () => {
  it('is what the machine does', async () => {
    const { human, machine } = daemon(new FakeMachine({ runState: 'prelaunch' }));
    const happened: string[] = [];
    machine.onEvent(({ name, ...data }) => happened.push(name, ...('reason' in data ? [data.reason] : [])));
    expect(await human('info status')).toBe('VM status: paused (prelaunch)\n');
    expect(await human('c')).toBe('');
    expect(await human('info status')).toBe('VM status: running\n');
    expect(await human('stop')).toBe('');
    expect(await human('info status')).toBe('VM status: paused\n');
    expect(await human('system_reset')).toBe('');
    expect(happened).toEqual(['RESUME', 'STOP', 'RESET', 'host-qmp-system-reset']);
  });

  it('ends', async () => {
    const { human, machine, quits } = daemon();
    expect(await human('quit')).toBe('');
    expect([machine.runState, quits]).toEqual(['shutdown', ['quit']]);
    expect(await human('info status')).toBe('VM status: paused (shutdown)\n');
    expect(await human('cont')).toBe('Error: the machine has shut down\n');
  });
});

describe('gdbserver', () => {
  it('serves debuggers elsewhere, or nowhere', async () => {
    const { human, gdbDevices } = daemon();
    expect(await human('gdbserver')).toBe("Waiting for gdb connection on device 'tcp::1234'\n");
    expect(await human('gdbserver unix:/tmp/g,server=on')).toBe(
      "Waiting for gdb connection on device 'unix:/tmp/g,server=on'\n",
    );
    expect(await human('gdbserver none')).toBe('Disabled gdbserver\n');
    expect(gdbDevices).toEqual(['tcp::1234', 'unix:/tmp/g,server=on', 'none']);
  });

  it('says why it cannot', async () => {
    const { human } = daemon();
    expect(await human('gdbserver bad')).toBe("Error: Could not open gdbserver on device 'bad': no\n");
  });
});

describe('the machine', () => {
  const { human } = daemon();

  it.each([
    ['info version', text('10.0.0 (Vivarium 0.1.0)')],
    ['info name', text('vivarium')],
    ['info kvm', text('kvm support: not compiled')],
    ['info cpus', text('* CPU #0: thread_id=4001', '  CPU #1: thread_id=4002')],
    ['info history', ''],
    [
      'info mtree',
      text(
        'address-space: memory',
        '  0000000000000000-ffffffffffffffff (prio 0, i/o): system',
        '    0000000000001000-0000000000001fff (prio 0, rom): riscv_virt_board.mrom',
        '    0000000010000000-0000000010000007 (prio 0, i/o): serial',
        '    0000000080000000-000000008000ffff (prio 0, ram): riscv_virt_board.ram',
        '',
      ),
    ],
    [
      'info mtree -f',
      text(
        'FlatView #0',
        ' AS "memory", root: system',
        ' Root memory region: system',
        '  0000000000001000-0000000000001fff (prio 0, rom): riscv_virt_board.mrom',
        '  0000000010000000-0000000010000007 (prio 0, i/o): serial',
        '  0000000080000000-000000008000ffff (prio 0, ram): riscv_virt_board.ram',
        '',
      ),
    ],
  ])('%s', async (line, output) => {
    expect(await human(line)).toBe(output);
  });

  it('may have no name', async () => {
    const { context } = daemon();
    expect(await humanMonitor.run({ ...context, name: undefined }, 'info name')).toBe('');
  });
});

describe('registers', () => {
  it('are shown as QEMU shows them', async () => {
    const { human, machine } = daemon();
    machine.vcpus[1]!.values.set('satp', 0x8000_0000_0008_1234n);
    const lines = (await human('info registers 1')).split('\n');
    expect(lines.slice(0, 4)).toEqual(['', 'CPU#1', ' pc       0000000080000004', ' mhartid  0000000000000001']);
    expect(lines).toContain(' satp     8000000000081234');
    expect(lines.slice(-9, -7)).toEqual([
      ' x0/zero  0000000000000000 x1/ra    0000000000000101 x2/sp    0000000000000201 x3/gp    0000000000000301',
      ' x4/tp    0000000000000401 x5/t0    0000000000000501 x6/t1    0000000000000601 x7/t2    0000000000000701',
    ]);
    expect(lines.slice(-2)).toEqual([
      ' x28/t3   0000000000001c01 x29/t4   0000000000001d01 x30/t5   0000000000001e01 x31/t6   0000000000001f01',
      '',
    ]);
  });

  it('are those of the current vCPU, of one, or of all', async () => {
    const { human } = daemon();
    const [first, second] = [await human('info registers 0'), await human('info registers 1')];
    expect(await human('info registers')).toBe(first);
    expect(await human('info registers', 1)).toBe(second);
    expect(await human('info registers -a')).toBe(first + second);
    expect(await human('info registers 9')).toBe('CPU#9 not available\n');
  });

  it.each([
    ['p -1', '0xffffffffffffffff'],
    ['p/x 10', '0xa'],
    ['p/x 0', '0'],
    ['p/d 0xffffffffffffffff', '-1'],
    ['p/i 5', '5'],
    ['p/u -1', '18446744073709551615'],
    ['p/o 8', '010'],
    ['p/o 0', '0'],
    ['p/o -1', '01777777777777777777777'],
    ['p/c 65', "'A'"],
    ['p/c 10', String.raw`'\n'`],
    ['p/c 13', String.raw`'\r'`],
    ['p/c 39', String.raw`'\''`],
    ['p/c 92', String.raw`'\\'`],
    ['p/c 7', String.raw`'\x07'`],
    ['p/c 300', String.raw`'\x12c'`],
    ['p/c -1', String.raw`'\xffffffff'`],
    ['p/xd 10', '10'],
    ['p/x $x10 + $a1', '0x1500'],
    ['p $pc', '0x80000000'],
  ])('%s', async (line, output) => {
    expect(await daemon().human(line)).toBe(`${output}\n`);
  });
});

describe('memory', () => {
  const machine = new FakeMachine();
  machine.memory.writePhysical(0x8000_0000n, Buffer.from('9702000013868202732540f183b5020283b2820167800200', 'hex'));
  machine.memory.writePhysical(0x8000_fff8n, Buffer.from('0100130000008280', 'hex'));
  const { human } = daemon(machine);

  it.each([
    ['xp/4xw 0x80000000', ['0000000080000000: 0x00000297 0x02828613 0xf1402573 0x0202b583']],
    ['x/4xw 0xffffffff80000000', ['ffffffff80000000: 0x00000297 0x02828613 0xf1402573 0x0202b583']],
    ['xp/3xb 0x80000000', ['0000000080000000: 0x97 0x02 0x00']],
    [
      'xp/10xb 0x80000000',
      ['0000000080000000: 0x97 0x02 0x00 0x00 0x13 0x86 0x82 0x02', '0000000080000008: 0x73 0x25'],
    ],
    ['xp/5xh 0x80000000', ['0000000080000000: 0x0297 0x0000 0x8613 0x0282 0x2573']],
    [
      'xp/3xg 0x80000000',
      ['0000000080000000: 0x0282861300000297 0x0202b583f1402573', '0000000080000010: 0x000280670182b283'],
    ],
    ['xp/3dw 0x80000000', ['0000000080000000:        663   42108435 4047512947']],
    ['xp/1dg 0x80000004', ['0000000080000004: -1062808336165861869']],
    ['xp/1ug 0x80000004', ['0000000080000004: 17383935737543689747']],
    ['xp/5db 0x80000000', ['0000000080000000: 151   2   0   0  19']],
    ['xp/5uh 0x80000000', ['0000000080000000:   663     0 34323   642  9587']],
    ['xp/3ow 0x80000000', ['0000000080000000:       01227  0240503023 036120022563']],
    ['xp/3ob 0x80000000', ['0000000080000000: 0227  02   0']],
    [
      'xp/9cb 0x80000000',
      [String.raw`0000000080000000: '\x97' '\x02' '\x00' '\x00' '\x13' '\x86' '\x82' '\x02'`, "0000000080000008: 's'"],
    ],
    [
      'xp/2i 0x80000000',
      [
        '0x0000000080000000:  00000297          auipc           t0,0x0',
        '0x0000000080000004:  02828613          addi            a2,t0,40',
      ],
    ],
    ['x/1i 0xffffffff80000000', ['0xffffffff80000000:  00000297          auipc           t0,0x0']],
    [
      'xp/4i 0x8000fff8',
      [
        '0x000000008000fff8:  0001              addi            zero,zero,0',
        '0x000000008000fffa:  00000013          addi            zero,zero,0',
        '0x000000008000fffe:  8082              jalr            zero,0(ra)',
        '0x0000000080010000: Cannot access memory',
      ],
    ],
    ['xp 0x80000000', ['0000000080000000: 0x00000297']],
    ['xp/x 0', ['0000000000000000: Cannot access memory']],
    ['xp/x 0x10000000', ['0000000010000000: Cannot access memory']],
    ['x/x 0xdeadbeef000', ['00000deadbeef000: Cannot access memory']],
    ['xp/x -4', ['fffffffffffffffc: Cannot access memory']],
    [
      'xp/6xw 0x8000fff0',
      ['000000008000fff0: 0x0c0b0a09 0x100f0e0d 0x00130001 0x80820000', '0000000080010000: Cannot access memory'],
    ],
    ['xp/16385xb 0x80000000', ['Error: cannot show 16385 items, only up to 16384 at a time']],
    ['xp/99999999999999999999i 0', ['Error: cannot show 100000000000000000000 items, only up to 16384 at a time']],
    ['sum 0x80000000 8', ['05736']],
    ['sum 0x80000000 0', ['00000']],
    ['sum 0x80000000 0x10001', ['Error: 0000000080000000: Cannot access memory']],
  ])('%s', async (line, output) => {
    expect(await human(line)).toBe(text(...output));
  });

  it('shows nothing of nothing', async () => {
    expect(await human('xp/0x 0')).toBe('');
    expect(await human('xp/0i 0')).toBe('');
  });

  it('sums more than it reads at once', async () => {
    const { human } = daemon(new FakeMachine({ ramBytes: 3 << 20 }));
    let sum = 0;
    for (let n = 0; n < 0x28_0001; n++) sum = (((sum >> 1) | ((sum & 1) << 15)) + (n % 251)) & 0xffff;
    expect(await human('sum 0x80000000 0x280001')).toBe(`${String(sum).padStart(5, '0')}\n`);
  });
});

describe('plugins', () => {
  it('are loaded by path or name, with an id or without, and unloaded', async () => {
    const { human, machine } = daemon();
    const loaded = async () =>
      (await machine.instrumentation.query()).map(({ id, path, args }) => ({ id, path, args }));
    expect(await human('info instr')).toBe('No plugins are loaded.\n');
    expect(await human('instr-load hotblocks limit=10 "name=two words"')).toBe('lib0\n');
    expect(await human('instr-load "my plugin.ts" id=me id=5')).toBe('me\n');
    expect(await human('instr-load insn x id=5')).toBe('lib1\n');
    expect(await loaded()).toEqual([
      { id: 'lib0', path: 'hotblocks', args: ['limit=10', 'name=two words'] },
      { id: 'me', path: 'my plugin.ts', args: ['id=5'] },
      { id: 'lib1', path: 'insn', args: ['x', 'id=5'] },
    ]);
    expect(await human('instr-unload me')).toBe('');
    expect(await human('instr-unload me')).toBe('Error: Unknown library ID\n');
    expect(await human('instr-load insn id=lib0')).toBe('Error: Library ID exists\n');
    expect(await human('instr-load insn fail')).toBe(
      'Error: Library initialization returned non-zero: asked to fail\n',
    );
    expect(await human('instr-load nosuch')).toBe('Error: Error loading library: nosuch: no such file\n');
    expect((await loaded()).map(({ id }) => id)).toEqual(['lib0', 'lib1']);
  });

  it('are shown with what they saw', async () => {
    const { human } = daemon();
    await human('instr-load hotblocks limit=10');
    await human('instr-load insn id=count');
    expect(await human('info instr')).toBe(
      text(
        'lib0: hotblocks',
        '  Counts how often each translated block runs; reports the hottest.',
        '  path    hotblocks',
        '  args    limit=10',
        '  state   active',
        '  blocks  2',
        '  counters',
        '    instructions  9,007,199,254,740,993',
        '  report',
        '                    pc  count',
        '    0xffffffff80000000      3',
        '',
        'count: insn',
        '  Counts the instructions that each vCPU retires.',
        '  path    insn',
        '  state   active',
        '  blocks  2',
        '  counters',
        '    instructions  9,007,199,254,740,993',
        '  report',
        '                    pc  count',
        '    0xffffffff80000000      3',
      ),
    );
  });

  it('that report their counters are shown once, and nothing they say reaches the terminal as a control', async () => {
    const { human, machine } = daemon();
    const counters = { hits: 3n };
    const plugin = {
      id: 'x',
      path: 'x.ts',
      name: 'x',
      doc: '\x1b[2J\r',
      args: [],
      state: 'active' as const,
      blocks: 0,
    };
    machine.instrumentation.query = async () => [{ ...plugin, counters, report: counters }];
    expect(await human('info instr')).toBe(
      text(
        'x: x',
        String.raw`  \x1b[2J\x0d`,
        '  path    x.ts',
        '  state   active',
        '  blocks  0',
        '  counters',
        '    hits  3',
      ),
    );
  });
});

describe('translated code', () => {
  it('is counted for each vCPU', async () => {
    expect(await daemon().human('info jit')).toBe(
      text(
        '                                 CPU #0           CPU #1',
        'blocks now                        1,200            1,201',
        '  with annotations                   20               20',
        'bytes filled                     96,000           96,000',
        '  of                         33,554,432       33,554,432',
        'blocks decoded                    1,500            1,500',
        'blocks annotated                     40               40',
        'dropped by stores                    12               12',
        'dropped by plugins                   20               20',
        'flushes of everything                 1                1',
        'regions now                          12               12',
        '  bytes of WebAssembly          150,000          150,000',
        'regions compiled                     30               30',
        '  milliseconds                       46               46',
        'instructions retired    123,456,789,012  123,456,789,012',
        'left for wfi                          7                7',
        'left for attention                    3                3',
      ),
    );
  });

  it('has a table for each four of many vCPUs', async () => {
    const tables = (await daemon(new FakeMachine({ smp: 9 })).human('info jit')).split('\n\n');
    expect(tables.map((table) => table.match(/CPU #\d+/g))).toEqual([
      ['CPU #0', 'CPU #1', 'CPU #2', 'CPU #3'],
      ['CPU #4', 'CPU #5', 'CPU #6', 'CPU #7'],
      ['CPU #8'],
    ]);
  });
});

describe('trace events', () => {
  it('are switched by name or pattern', async () => {
    const { human } = daemon();
    expect(await human('trace-event exec* on')).toBe('');
    expect(await human('trace-event "exec_tb" off')).toBe('');
    expect(await human('info trace-events')).toBe(
      text('riscv_trap : state 0', 'exec_tb : state 0', 'exec_tb_exit : state 1', 'serial_write : state 0'),
    );
    expect(await human('info trace-events riscv_trap')).toBe('riscv_trap : state 0\n');
    expect(await human('info trace-events nosuch*')).toBe('');
    expect(await human('info trace-events nosuch')).toBe('Error: unknown event "nosuch"\n');
    expect(await human('trace-event nosuch on')).toBe('Error: unknown event "nosuch"\n');
  });
});

it('ends every line in CRLF', async () => {
  const { context } = daemon();
  expect(await context.humanMonitorCommand('info cpus', 1)).toBe(
    '  CPU #0: thread_id=4001\r\n* CPU #1: thread_id=4002\r\n',
  );
  expect(await context.humanMonitorCommand('stop x')).toBe(
    'stop|s: extraneous characters at the end of line\r\nTry "help stop" for more information\r\n',
  );
});
