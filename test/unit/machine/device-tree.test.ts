import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { planBoot } from '../../../core/machine/boot/boot.ts';
import { chooseIn, virtDeviceTree } from '../../../core/machine/boot/device-tree.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { requireTool } from '../../support/tools.ts';
import { type Decompiled, decompile, withPaths } from './dtc.ts';

const hasDtc = requireTool('dtc', 'device-tree-compiler');
const hasQemu = requireTool('qemu-system-riscv64', 'qemu-system-misc');

function qemuTree(harts: number, megabytes: number, bootargs: string, ...more: string[]): Decompiled {
  const folder = temporaryDirectory();
  const file = join(folder, 'virt.dtb');
  // It takes a command line only with a kernel, and this will do for one.
  const image = join(folder, 'kernel');
  writeFileSync(image, Uint8Array.of(0x6f, 0, 0, 0));
  const options = ['-M', `virt,dumpdtb=${file}`, '-smp', `${harts}`, '-m', `${megabytes}M`, '-display', 'none'];
  const kernel = ['-bios', 'none', '-kernel', image, '-append', bootargs];
  execFileSync('qemu-system-riscv64', [...options, ...kernel, ...more], { stdio: 'pipe' });
  return decompile(readFileSync(file));
}

/** Properties that differ because the machines do, or that are random. */
const OWN = new Set([
  ...['riscv,isa', 'riscv,cbom-block-size', 'riscv,cbop-block-size', 'riscv,cboz-block-size'],
  ...['mmu-type', 'rng-seed'],
]);

describe.skipIf(!hasDtc || !hasQemu)('the tree of the board', () => {
  test.each([
    [1, 128, ''],
    [2, 512, 'console=ttyS0 quiet'],
    [8, 4096, ''],
  ])('with %i harts and %i MiB says what that of QEMU says', (harts, megabytes, bootargs) => {
    const blob = virtDeviceTree({ harts, ramBytes: megabytes * 2 ** 20, bootargs });
    const ours = withPaths(decompile(blob));
    const theirs = withPaths(qemuTree(harts, megabytes, bootargs));
    for (const [path, properties] of ours) {
      const theirProperties = [...(theirs.get(path) ?? [])].filter(([name]) => !OWN.has(name));
      const ourProperties = [...properties].filter(([name]) => !OWN.has(name));
      expect([path, Object.fromEntries(ourProperties)]).toEqual([path, Object.fromEntries(theirProperties)]);
    }
  });

  test.each([64, 128, 256])('says where the initial RAM disk is, with %i MiB', (megabytes) => {
    const file = join(temporaryDirectory(), 'initrd');
    const bytes = new Uint8Array(5000);
    writeFileSync(file, bytes);
    const ramBytes = megabytes * 2 ** 20;
    let ours = new Uint8Array();
    planBoot({
      ramBytes,
      kernel: { name: 'kernel', bytes: Uint8Array.of(0x6f, 0, 0, 0) },
      initrd: { name: file, bytes },
      deviceTree(initrd) {
        ours = Uint8Array.from(virtDeviceTree({ harts: 1, ramBytes, initrd }));
        return ours;
      },
    });
    const ranges = (nodes: Decompiled) =>
      ['linux,initrd-start', 'linux,initrd-end'].map((name) => nodes.get('/chosen')!.get(name));
    expect(ranges(decompile(ours))).toEqual(ranges(qemuTree(1, megabytes, '', '-initrd', file)));
  });

  test('lists the virtio slots in the order of that of QEMU, by which disks are numbered', () => {
    const slots = (nodes: Decompiled): string[] => [...nodes.keys()].filter((path) => path.includes('virtio_mmio'));
    const ours = slots(decompile(virtDeviceTree({ harts: 1, ramBytes: 128 << 20 })));
    expect(ours).toHaveLength(8);
    expect(ours).toEqual(slots(qemuTree(1, 128, '')));
  });

  test('lacks only nodes of devices that the board lacks', () => {
    const ours = decompile(virtDeviceTree({ harts: 1, ramBytes: 128 << 20 }));
    const missing = [...qemuTree(1, 128, '').keys()].filter((path) => !ours.has(path));
    expect(missing.sort()).toEqual(['/platform-bus@4000000', '/pmu', '/soc/pci@30000000']);
  });
});

describe.skipIf(!hasDtc)('what the machine alone says', () => {
  const nodes = decompile(
    virtDeviceTree({ harts: 1, ramBytes: 1 << 20, rngSeed: Uint8Array.from({ length: 32 }, (_, index) => index) }),
  );

  test('what its harts can do', () => {
    const cpu = nodes.get('/cpus/cpu@0')!;
    expect(cpu.get('riscv,isa')).toBe(
      '"rv64imafdc_zicbom_zicbop_zicboz_zicntr_zicond_zicsr_zifencei_zihintntl_zihintpause_zawrs_zba_zbb_zbs_sstc_svadu_svinval_svnapot_svpbmt"',
    );
    expect(cpu.get('riscv,cboz-block-size')).toBe('<0x40>');
    expect(cpu.get('mmu-type')).toBe('"riscv,sv57"');
  });

  test('no command line, no property; the seed as it was given', () => {
    const chosen = nodes.get('/chosen')!;
    expect(chosen.has('bootargs')).toBe(false);
    expect(chosen.get('rng-seed')).toMatch(/^<0x10203 0x4050607 0x8090a0b .* 0x1c1d1e1f>$/);
  });
});

describe.skipIf(!hasDtc)('a tree of the user', () => {
  const compile = (source: string): Uint8Array =>
    execFileSync('dtc', ['-q', '-I', 'dts', '-O', 'dtb'], { input: `/dts-v1/; / { ${source} };` });

  test('stays as it is but for what is chosen', () => {
    const source = 'model = "mine"; chosen { mine; bootargs = "old"; sub { a = <1>; }; }; a: bus { b { c = <&a>; }; };';
    const blob = compile(source);
    const before = decompile(blob);
    const after = decompile(
      chooseIn('my.dtb', blob, { bootargs: 'new', initrd: { start: 0x8400_0000, end: 0x8400_1000 } }),
    );
    expect(new Set(after.keys())).toEqual(new Set(before.keys()));
    for (const [path, properties] of before) {
      if (path !== '/chosen') expect([path, [...after.get(path)!]]).toEqual([path, [...properties]]);
    }
    expect(Object.fromEntries(after.get('/chosen')!)).toEqual({
      mine: '',
      bootargs: '"new"',
      'linux,initrd-start': '<0x84000000>',
      'linux,initrd-end': '<0x84001000>',
    });
  });

  test('gets a place for what is chosen', () => {
    const after = decompile(chooseIn('my.dtb', compile('a { };'), { bootargs: 'x' }));
    expect(after.get('/chosen')!.get('bootargs')).toBe('"x"');
  });
});
