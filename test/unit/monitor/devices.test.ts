/** What may not be plugged in, and what the command line and the machine say of themselves. */
import { describe, expect, it } from 'vitest';
import type { Command } from '../../../monitor/command.ts';
import { fakeHost } from '../../support/fakes/fake-host.ts';
import { FakeMachine } from '../../support/fakes/fake-machine.ts';
import { daemon, failure, lines, NOW } from './session.ts';

const HOTPLUG = (slot: number): string => `Bus 'virtio-mmio-bus.${slot}' does not support hotplugging`;

describe('device_add', () => {
  it.each([
    ['{}', "Parameter 'driver' is missing"],
    ['{"driver": "foo"}', "'foo' is not a valid device model name"],
    ['{"driver": "virtio-rng-device", "bus": "foo"}', "Bus 'foo' not found"],
    ['{"driver": "virtio-rng-device", "bus": "virtio-mmio-bus.2"}', HOTPLUG(2)],
    ['{"driver": "virtio-rng-device", "foo": 1}', "Property 'virtio-rng-device.foo' not found"],
    ['{"driver": "virtio-rng-device", "id": 5}', "Invalid parameter type for 'id', expected: string"],
    ['{"driver": "virtio-rng-device"}', HOTPLUG(7)],
    ['{"driver": "virtconsole"}', "No 'virtio-serial-bus' bus found for device 'virtconsole'"],
  ])('%s', async (args, desc) => {
    const session = await daemon().client();
    expect(lines(await session.ask(`{"execute": "device_add", "arguments": ${args}}`))).toEqual([failure(desc)]);
  });

  it('and device_del know what is there', () => {
    const { devices } = fakeHost('-device', 'virtio-rng-device,id=rng0');
    expect(() => devices.add({ driver: 'virtio-rng-device' })).toThrow(HOTPLUG(6));
    expect(() => devices.remove('rng0')).toThrow(HOTPLUG(7));
    expect(() => devices.remove('/machine/peripheral/rng0')).toThrow(HOTPLUG(7));
    expect(() => devices.remove('rng1')).toThrow("Device 'rng1' not found");
    const full = fakeHost(...Array.from({ length: 8 }, () => ['-device', 'virtio-rng-device']).flat());
    expect(() => full.devices.add({ driver: 'virtio-rng-device' })).toThrow("No 'virtio-bus' bus found");
  });
});

it('query-command-line-options has every option that takes parameters, by each of its names', async () => {
  const { registry, host } = daemon().context;
  const query = registry.commands.get('query-command-line-options') as Command;
  const all = (await query.run(daemon().context, {})) as { option: string }[];
  expect(all.map(({ option }) => option)).toEqual(expect.arrayContaining(['machine', 'M', 'smp', 'chardev', 'mon']));
  expect(host.options.get('m')).toEqual([{ name: 'size', type: 'size' }]);
  expect(host.options.get('machine')).toEqual([
    { name: 'type', type: 'string' },
    { name: 'accel', type: 'string' },
  ]);
  expect(host.options.get('smp')).toContainEqual({ name: 'cpus', type: 'number' });
  expect(host.options.has('S')).toBe(false);
  const session = await daemon().client();
  expect(
    lines(await session.ask('{"execute": "query-command-line-options", "arguments": {"option": "nosuch"}}')),
  ).toEqual([failure('invalid option name: nosuch')]);
});

it('has the UUID that it was given', () => {
  expect(fakeHost('-uuid', 'ABCDEF01-2345-6789-abcd-ef0123456789').uuid).toBe('abcdef01-2345-6789-abcd-ef0123456789');
  expect(() => fakeHost('-uuid', '5')).toThrow("-uuid 5: Parameter 'uuid' expects a UUID, not '5'");
});

it('set-action changes what is named', async () => {
  const { client, machine, host } = daemon();
  const session = await client();
  const set = (args: string): Promise<string> => session.ask(`{"execute": "set-action", "arguments": ${args}}`);
  expect(fakeHost('-no-shutdown').shutdownAction).toBe('pause');
  await set('{"shutdown": "pause"}');
  expect([machine.rebootAction, host.shutdownAction]).toEqual(['reset', 'pause']);
  await set('{"reboot": "shutdown"}');
  expect([machine.rebootAction, host.shutdownAction]).toEqual(['shutdown', 'pause']);
  expect(lines(await set('{"reboot": "none"}'))).toEqual([failure("Parameter 'reboot' does not accept value 'none'")]);
});

it('system_powerdown is an event', async () => {
  const { client, human } = daemon(new FakeMachine());
  const session = await client();
  expect(lines(await session.ask('{"execute": "system_powerdown"}'))).toEqual([
    `{${NOW}, "event": "POWERDOWN"}`,
    '{"return": {}}',
  ]);
  expect(await human('system_wakeup')).toBe('Error: wake-up from suspend is not supported by this guest\n');
  expect(await human('nmi')).toBe('Error: this feature or command is not currently supported\n');
});

it('screendump names the display that is missing', async () => {
  const session = await daemon().client();
  expect(
    lines(await session.ask('{"execute": "screendump", "arguments": {"filename": "x", "device": "vga"}}')),
  ).toEqual([failure("Device 'vga' not found", 'DeviceNotFound')]);
});
