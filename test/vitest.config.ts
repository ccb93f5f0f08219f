import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    root: new URL('..', import.meta.url).pathname,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // What is waited for comes within milliseconds, or minutes on a machine that has much else to do.
    expect: { poll: { interval: 5, timeout: 60_000 } },
    // Most suites start a daemon or a cross compiler: on two cores, more at once only disturb each other.
    maxWorkers: 2,
    pool: 'forks',
    setupFiles: ['test/support/compile-cache.ts'],
    // Node imports the sources as it does in the daemon: plugins find what they import by name only there.
    experimental: { viteModuleRunner: false },
  },
});
