import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { virtDeviceTree } from '../../../core/machine/device-tree.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { requireTool } from '../../support/tools.ts';
import { type Decompiled, decompile, withPaths } from './dtc.ts';

const hasDtc = requireTool('dtc', 'device-tree-compiler');
const hasQemu = requireTool('qemu-system-riscv64', 'qemu-system-misc');

function qemuTree(harts: number, megabytes: number, bootargs: string): Decompiled {
  const folder = temporaryDirectory();
  const file = join(folder, 'virt.dtb');
  // It takes a command line only with a kernel, and this will do for one.
  const image = join(folder, 'kernel');
  writeFileSync(image, Uint8Array.of(0x6f, 0, 0, 0));
  const options = ['-M', `virt,dumpdtb=${file}`, '-smp', `${harts}`, '-m', `${megabytes}M`, '-display', 'none'];
  const kernel = ['-bios', 'none', '-kernel', image, '-append', bootargs];
  execFileSync('qemu-system-riscv64', [...options, ...kernel], { stdio: 'pipe' });
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

  test('lacks only nodes of devices that the board lacks', () => {
    const ours = decompile(virtDeviceTree({ harts: 1, ramBytes: 128 << 20 }));
    const missing = [...qemuTree(1, 128, '').keys()].filter((path) => !ours.has(path));
    expect(missing.sort()).toEqual([
      '/flash@20000000',
      '/fw-cfg@10100000',
      '/platform-bus@4000000',
      '/pmu',
      '/soc/pci@30000000',
      '/soc/rtc@101000',
      ...Array.from({ length: 8 }, (_, index) => `/soc/virtio_mmio@1000${index + 1}000`),
    ]);
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
