/** What the machine is made of and connected to, as the human monitor shows it. */
import { describe, expect, it } from 'vitest';
import { daemon } from '../session.ts';

const text = (...lines: string[]): string => lines.map((line) => `${line}\n`).join('');
const { human } = daemon();

describe('back ends', () => {
  it.each([
    [
      'info block',
      [
        'd0 (#block000): disk.img (raw)',
        '    Attached to:      /machine/peripheral-anon/device[0]',
        '    Cache mode:       writeback',
        '',
        'd1 (#block001): disk.img (raw, read-only)',
        '    Cache mode:       writeback',
      ],
    ],
    ['info block nosuch', []],
    ['info block -n node', ['node: disk.img (file)', '    Cache mode:       writethrough, ignore flushes']],
    [
      'info block -v d1',
      [
        'd1 (#block001): disk.img (raw, read-only)',
        '    Cache mode:       writeback',
        '',
        'Images:',
        'image: disk.img',
        'file format: raw',
        'virtual size: 1 MiB (1048576 bytes)',
        'disk size: unavailable',
      ],
    ],
    [
      'info network',
      [
        'net0: index=0,type=nic,model=virtio-net-device,macaddr=52:54:00:12:34:56',
        ' \\ n0: index=0,type=user,net=10.0.2.0,restrict=off',
        'n1: index=0,type=stream,unix:/tmp/net',
      ],
    ],
    ['info chardev', ['serial0: filename=unix:/tmp/serial,server=on', 'spare: filename=null']],
  ])('%s', async (line, lines) => {
    expect(await human(line)).toBe(text(...lines));
  });

  it('info blockstats', async () => {
    const [first, second, end] = (await human('info blockstats')).split('\n');
    expect(first).toBe(
      'd0: rd_bytes=4096 wr_bytes=512 rd_operations=8 wr_operations=1 flush_operations=2 wr_total_time_ns=1000 ' +
        'rd_total_time_ns=1000 flush_total_time_ns=1000 rd_merged=0 wr_merged=0 idle_time_ns=5000000',
    );
    expect(second).toMatch(/^d1: /);
    expect(end).toBe('');
  });
});

describe('objects', () => {
  it.each([
    ['qom-list', ['/']],
    [
      'qom-list /',
      ['type (string)', 'objects (child<container>)', 'machine (child<virt-machine>)', 'chardevs (child<container>)'],
    ],
    ['qom-list nosuch', ["Error: Device 'nosuch' not found"]],
    ['qom-get /machine type', ['"virt-machine"']],
    ['qom-get /machine smp', ['{', '    "cpus": 2,', '    "maxcpus": 2', '}']],
    ['qom-get /machine/soc0 num-harts', ['2']],
    ['qom-get /machine nosuch', ["Error: Property 'virt-machine.nosuch' not found"]],
    ['info qom-tree nosuch', ["Path 'nosuch' could not be resolved."]],
    [
      'info qom-tree /machine/soc0',
      ['/soc0 (riscv.hart_array)', '  /harts[0] (rv64-riscv-cpu)', '  /harts[1] (rv64-riscv-cpu)'],
    ],
  ])('%s', async (line, lines) => {
    expect(await human(line)).toBe(text(...lines));
  });

  it('are shown as a tree from the machine on', async () => {
    const lines = (await human('info qom-tree')).split('\n');
    expect(lines[0]).toBe('/machine (virt-machine)');
    expect(lines.indexOf('    /net0 (virtio-net-device)')).toBe(lines.indexOf('  /peripheral (container)') + 1);
  });

  it('are shown by bus', async () => {
    const lines = (await human('info qtree')).split('\n');
    expect(lines.slice(0, 2)).toEqual(['bus: main-system-bus', '  type System']);
    const disk = lines.indexOf('      dev: virtio-blk-device, id ""');
    expect(lines.slice(disk - 6, disk + 3)).toEqual([
      '  dev: virtio-mmio, id ""',
      '    gpio-out "sysbus-irq" 1',
      '    force-legacy = false',
      '    mmio 0000000010008000/0000000000000200',
      '    bus: virtio-mmio-bus.7',
      '      type virtio-mmio-bus',
      '      dev: virtio-blk-device, id ""',
      '        drive = "d0"',
      '        logical_block_size = 512 (512 B)',
    ]);
    expect(lines).toContain('      dev: virtio-net-device, id "net0"');
  });

  it('own ranges of the memory map', async () => {
    const rows = (await human('info mtree -o')).split('\n');
    expect(rows[1]).toMatch(/: system parent:\{obj path=\/machine\/unattached\}$/);
    expect(rows[3]).toMatch(/: serial owner:\{dev path=\/machine\/unattached\/device\[12\]\}$/);
    expect(rows[4]).toMatch(/: riscv_virt_board.ram owner:\{obj path=\/objects\/riscv_virt_board.ram\}$/);
  });
});

describe('devices', () => {
  it.each([
    [
      'info tlb',
      [
        'vaddr            paddr            entry            attr mode',
        '---------------- ---------------- ---------------- ---- ----',
        'ffffffff80000000 0000000080000000 0000000000200000 r-g  supervisor',
        '0000000000010000 0000000080000000 0000000000001000 rw-  user',
      ],
    ],
    [
      'info pic',
      [
        'riscv.sifive.plic',
        'context  interrupts         threshold',
        '      0  CPU #0 machine             0',
        '      1  CPU #0 supervisor          1',
        '',
        'source  priority  level  pending  claimed  claims  enabled for',
        '    10         7  *      *                  1,234  1',
      ],
    ],
    ['info irq', ['IRQ statistics for riscv.sifive.plic:', '10: 1234']],
    [
      'info roms',
      [
        'addr=0000000000001000 size=0x000058 mem=rom name="mrom.reset"',
        'addr=0000000080000000 size=0x001234 mem=ram name="kernel hello.elf"',
      ],
    ],
    [
      'info ramblock',
      [
        '              Block Name    PSize              Offset               Used              Total',
        '    riscv_virt_board.ram    4 KiB  0x0000000003000000 0x0000000000010000 0x0000000000010000',
        '             virt.flash0    4 KiB                   - 0x0000000002000000 0x0000000002000000',
      ],
    ],
    ['info numa', ['0 nodes']],
    ['info virtio', ['/machine/peripheral/net0 [virtio-net]', '/machine/peripheral-anon/device[0] [virtio-blk]']],
    ['info virtio-status nosuch', ['Error: Path nosuch is not a VirtIODevice']],
    ['info virtio-queue-status device[0] 0', ['Error: Path device[0] is not a VirtIODevice']],
    [
      'info virtio-queue-status /machine/peripheral-anon/device[0] 0',
      [
        '/machine/peripheral-anon/device[0]:',
        '  device_name:          virtio-blk',
        '  queue_index:          0',
        '  ready:                true',
        '  inuse:                1',
        '  used_idx:             2',
        '  last_avail_idx:       3',
        '  VRing:',
        '    num:          256',
        '    desc:         0x0000000081000000',
        '    avail:        0x0000000081001000',
        '    used:         0x0000000081002000',
      ],
    ],
    [
      'info virtio-status /machine/peripheral-anon/device[0]',
      [
        '/machine/peripheral-anon/device[0]:',
        '  device_name:           virtio-blk',
        '  device_id:             2',
        '  broken:                true',
        '  started:               true',
        '  num_vqs:               1',
        '  queue_sel:             0',
        '  isr:                   1',
        '  status:',
        '\tVIRTIO_CONFIG_S_ACKNOWLEDGE,',
        '\tVIRTIO_CONFIG_S_DRIVER,',
        '\tVIRTIO_CONFIG_S_DRIVER_OK,',
        '\tVIRTIO_CONFIG_S_FEATURES_OK,',
        '\tVIRTIO_CONFIG_S_NEEDS_RESET',
        '',
        '  Guest features:',
        '\tVIRTIO_BLK_F_FLUSH,',
        '\tVIRTIO_RING_F_INDIRECT_DESC,',
        '\tVIRTIO_F_VERSION_1',
        '',
        '  Host features:',
        '\tVIRTIO_BLK_F_SEG_MAX,',
        '\tVIRTIO_BLK_F_BLK_SIZE,',
        '\tVIRTIO_BLK_F_FLUSH,',
        '\tVIRTIO_RING_F_INDIRECT_DESC,',
        '\tVIRTIO_RING_F_EVENT_IDX,',
        '\tVIRTIO_F_VERSION_1',
      ],
    ],
  ])('%s', async (line, lines) => {
    expect(await human(line)).toBe(text(...lines));
  });
});
