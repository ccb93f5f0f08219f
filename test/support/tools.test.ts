import { afterEach, expect, test, vi } from 'vitest';
import { requireTool } from './tools.ts';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

test('a tool that is there is found', () => {
  vi.stubEnv('CI', 'true');
  expect(requireTool('sh', 'dash')).toBe(true);
});

test('a missing tool is named, with its package: loudly here, as an error where nothing may be skipped', () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  const message = 'no-such-tool is not installed: it is in the Debian package no-such-package';
  vi.stubEnv('CI', '');
  expect(requireTool('no-such-tool', 'no-such-package')).toBe(false);
  expect(warn.mock.calls.flat().join()).toContain(message);
  vi.stubEnv('CI', 'true');
  expect(() => requireTool('no-such-tool', 'no-such-package')).toThrow(message);
});
