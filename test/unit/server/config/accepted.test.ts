import { describe, expect, it } from 'vitest';
import { parseOptions } from '../../../../server/options.ts';

const config = (line: string) => {
  const request = parseOptions(line.split(' '));
  if ('print' in request) throw new Error('prints');
  return request.config;
};

describe('what libvirt says on every command line', () => {
  it('is accepted', () => {
    const line =
      '-machine virt,usb=off,accel=tcg -overcommit mem-lock=off -rtc base=utc -boot strict=on -msg timestamp=on -no-user-config';
    expect(config(line).machine).toBe('virt');
  });

  it.each([
    ['-rtc base=localtime', "-rtc base=localtime: Parameter 'base' expects utc here, not 'localtime'"],
    ['-boot order=c', "-boot order=c: Invalid parameter 'order'"],
    ['-overcommit mem-lock=on', "Parameter 'mem-lock' expects off here, not 'on'"],
    ['-machine virt,usb=on', "Parameter 'usb' expects off here, not 'on'"],
    ['-machine virt,foo=on', "Property 'virt-machine.foo' not found"],
  ])('%s is not', (line, message) => {
    expect(() => config(line)).toThrow(message);
  });
});

describe('-action', () => {
  it.each([
    ['reboot=shutdown', true, false],
    ['shutdown=pause', false, true],
    ['reboot=shutdown,shutdown=pause', true, true],
    ['reboot=reset,shutdown=poweroff', false, false],
  ])('%s', (action, noReboot, noShutdown) => {
    expect(config(`-action ${action}`)).toMatchObject({ noReboot, noShutdown });
  });

  it('takes nothing else', () => {
    expect(() => config('-action reboot=none')).toThrow("Parameter 'reboot' does not accept value 'none'");
    expect(() => config('-action panic=none')).toThrow("Invalid parameter 'panic'");
  });
});
