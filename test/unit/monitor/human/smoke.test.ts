/** What scripts and people try on any machine: QEMU's own list of lines, and all there is to ask for information. */
import { describe, expect, it } from 'vitest';
import { daemon } from '../session.ts';

const { human, context } = daemon();

/** Lines with what they print, without the end of the line. */
const ANSWERS: readonly (readonly [line: string, output: string])[] = [
  ['boot_set ndc', 'no function defined to set boot device list for this architecture'],
  ['commit all', ''],
  ['commit nosuch', "Device 'nosuch' not found"],
  ['device_add nosuch', "Error: 'nosuch' is not a valid device model name"],
  ['device_add', "Error: Parameter 'driver' is missing"],
  ['device_add rng-builtin', "Error: 'rng-builtin' is not a valid device model name"],
  ['device_add goldfish_rtc', "Error: Parameter 'driver' expects a pluggable device type"],
  ['device_add virtio-rng-device,id=a', "Error: Bus 'virtio-mmio-bus.7' does not support hotplugging"],
  ['device_add virtconsole', "Error: No 'virtio-serial-bus' bus found for device 'virtconsole'"],
  ['device_del nosuch', "Error: Device 'nosuch' not found"],
  ['gva2gpa 0', 'gpa: 0'],
  ['gva2gpa 0xffffffff80000010', 'gpa: 0x80000010'],
  ['gva2gpa -1', 'Unmapped'],
  ['gpa2hva 0', 'No memory is mapped at address 0x0'],
  ['gpa2hva 0x10000000', 'Memory at address 0x10000000 is not RAM'],
  ['gpa2hva 0x80000010', 'Host virtual address for 0x80000010 (riscv_virt_board.ram) is 0x3000010'],
  ['i /w 0', 'portl[0x0000] = 0xffffffff'],
  ['i /b 0x3f8', 'portb[0x03f8] = 0xff'],
  ['o /w 0 0x1234', ''],
  ['mouse_set 1', "Mouse at index '1' not found"],
  ['netdev_add user', "Error: Parameter 'id' is missing"],
  ['netdev_add user,id=n0', "Error: Duplicate ID 'n0' for netdev"],
  [
    'netdev_add user,id=n2,restrict',
    "Error: network back ends are made at the start only: no device could be connected to 'n2'",
  ],
  ['netdev_del n1', "Error: network back ends are made at the start only: 'n1' stays"],
  ['object_add rng-builtin,id=r', "Error: objects are made at the start only: no device could refer to 'r'"],
  ['object_add rng-builtin,id=rng0', "Error: attempt to add duplicate property 'rng0' to object (type 'container')"],
  ['object_del rng0', "Error: object 'rng0' is in use, can not be deleted"],
  ['sum 0x80000000 0', '00000'],
  ['x /2i 0x100', '0x0000000000000100: Cannot access memory'],
];

describe('the list', () => {
  it.each(ANSWERS)('%s', async (line, output) => {
    expect((await human(line)).replace(/\n$/, '')).toBe(output);
  });

  it('of devices that can be plugged in', async () => {
    const lines = (await human('device_add ?')).split('\n');
    expect(lines).toContain('name "virtio-net-device", bus virtio-bus');
    expect(lines).toContain('name "virtconsole", bus virtio-serial-bus');
    expect(await human('device_add help,x=y')).toBe(lines.join('\n'));
    const all = (await human('info qdm')).split('\n');
    expect(all).toEqual(expect.arrayContaining([...lines, 'name "goldfish_rtc", bus System, no-user']));
  });
});

describe('the log', () => {
  const on = async (): Promise<string[]> =>
    (await human('info trace-events'))
      .split('\n')
      .filter((line) => line.endsWith('1'))
      .map((line) => line.split(' ')[0]!);

  it('is about what it is asked for, and nothing else', async () => {
    expect(await human('log int,exec')).toBe('');
    expect(await on()).toEqual(['riscv_trap', 'exec_tb']);
    expect(await human('log exec,trace:serial*')).toBe('');
    expect(await on()).toEqual(['exec_tb', 'serial_write']);
    await human('log all');
    expect(await on()).toEqual(['riscv_trap', 'exec_tb', 'serial_write']);
    await human('log none');
    expect(await on()).toEqual(['serial_write']);
    expect(await human('log trace:nosuch')).toBe('Error: unknown event "nosuch"\n');
    await human('trace-event * off');
  });

  it.each(['log nosuch', 'log int,nosuch', 'log help'])('%s: tells what there is', async (line) => {
    expect(await human(line)).toMatch(/^Log items \(comma separated\):\nnone {12}\w.*\n(.+\n)*trace:PATTERN/);
    expect(await on()).toEqual([]);
  });

  it('needs something', async () => {
    expect(await human('log')).toBe('log: string expected\nTry "help log" for more information\n');
  });
});

/** Subjects that need to be told what they are about. */
const ABOUT: Readonly<Record<string, string>> = {
  'info virtio-status': 'net0',
  'info virtio-queue-status': 'net0 1',
};

describe('information', () => {
  const subjects = [...context.registry.human.keys()].filter((name) => name.startsWith('info '));
  it.each(subjects)('%s', async (name) => {
    const answer = await human(`${name} ${ABOUT[name] ?? ''}`);
    expect(answer).not.toMatch(/^unknown command|Try "help/m);
    expect(answer).toMatch(/^$|\n$/);
  });
});
