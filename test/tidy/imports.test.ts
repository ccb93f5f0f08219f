/** Who may import whom. */
import { posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ADDRESS } from '../../core/machine/virt.ts';
import { readTracked, requireCheckout, trackedFiles } from '../support/tree.ts';

interface Rule {
  /** Files or folders that the rule is for; a file's own folder it may always import. */
  readonly of: string;
  /** Files and folders of this tree, packages, and modules of Node; `node:` stands for all of these. */
  readonly mayImport: readonly string[];
}

/** The first rule that fits counts. */
const RULES: readonly Rule[] = [
  { of: 'schema', mayImport: [] },

  // Inside core: `ir` knows neither guest nor host, `riscv` and `wasm` do not know each other.
  { of: 'core/base', mayImport: [] },
  { of: 'core/ir', mayImport: ['core/base'] },
  { of: 'core/memory', mayImport: ['core/base'] },
  { of: 'core/riscv', mayImport: ['core/base', 'core/ir', 'core/memory'] },
  { of: 'core/wasm', mayImport: ['core/base', 'core/ir'] },
  // Devices see no hart, no bus and no address.
  { of: 'core/devices', mayImport: ['core/base', 'core/memory/struct.ts'] },
  // What plugins are written against, and stock ones.
  { of: 'core/plugin/load.ts', mayImport: ['schema', 'node:module'] },
  { of: 'core/plugin', mayImport: ['core/base', 'core/memory', 'schema'] },
  // `/proc/thread-self` is the only place where a thread learns its number.
  { of: 'core/hart/worker.ts', mayImport: ['core', 'node:worker_threads', 'node:fs'] },
  // Core as a whole opens no file and no socket.
  { of: 'core', mayImport: ['core', 'schema', 'node:worker_threads'] },

  {
    of: 'monitor',
    mayImport: ['core', 'schema', 'ajv', 'json-rpc-2.0', 'node:readline', 'node:stream', 'node:timers'],
  },
  { of: 'server', mayImport: ['core', 'monitor', 'schema', 'pino', 'ws', 'node:'] },
  // By its own name, as the authors of programs import it.
  { of: 'clients/examples', mayImport: ['vivarium/client', 'node:'] },
  { of: 'clients', mayImport: ['schema', 'node:'] },
  // By its own name, as the authors of plugins import it.
  { of: 'test/bench/plugins', mayImport: ['vivarium/plugin', 'vivarium/schema'] },
  {
    of: 'test',
    mayImport: [
      'core',
      'monitor',
      'schema',
      'server',
      'clients',
      'package.json',
      'vitest',
      'ajv',
      'node-qemu',
      'ws',
      'node:',
    ],
  },
];

const IMPORTS = [
  // import ... from, export ... from, import for its effect
  /^(?:import|export)\s(?:[^;']*?\sfrom\s)?'([^']+)'/gm,
  // import(...), also of types
  /\bimport\(\s*'([^']+)'/g,
  // Modules that are started as threads or imported by URL. What has another ending is data.
  /\bnew URL\(\s*'([^']+\.ts)'\s*,\s*import\.meta\.url/g,
];

/** What `path` imports: paths from the root, packages, modules of Node. */
function importsOf(path: string, text: string): readonly string[] {
  return IMPORTS.flatMap((pattern) => Array.from(text.matchAll(pattern), ([, specifier]) => specifier!)).map(
    (specifier) => (specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : specifier),
  );
}

const isWithin = (path: string, place: string): boolean =>
  path === place || path.startsWith(place.endsWith(':') ? place : `${place}/`);

/** What is wrong with the imports of a file. */
function complaints(path: string, text: string): readonly string[] {
  const rule = RULES.find(({ of }) => isWithin(path, of));
  if (!rule) return [`${path} lies in no folder that has a rule`];
  const own = rule.of.endsWith('.ts') ? posix.dirname(rule.of) : rule.of;
  return importsOf(path, text)
    .filter((imported) => ![own, ...rule.mayImport].some((place) => isWithin(imported, place)))
    .map((imported) => `${path} imports ${imported}: ${rule.of} may import ${[own, ...rule.mayImport].join(', ')}`);
}

describe('the rules', () => {
  test.each([
    ['core/ir/x.ts', "import { a } from './ops.ts';", true],
    ['core/ir/x.ts', "import type { A } from '../riscv/table.ts';", false],
    ['core/riscv/x.ts', "export * from '../wasm/lower.ts';", false],
    ['core/devices/x.ts', "import { Bus } from '../memory/bus.ts';", false],
    ['core/machine/x.ts', "import { readFileSync } from 'node:fs';", false],
    ['core/machine/x.ts', "const fs = await import('node:fs');", false],
    ['core/machine/x.ts', "new Worker(new URL('../../server/main.ts', import.meta.url))", false],
    ['core/machine/x.ts', "import {\n  a,\n  type B,\n} from '../../monitor/qmp.ts';", false],
    ['core/hart/worker.ts', "import { readlinkSync } from 'node:fs';", true],
    ['core/hart/vcpu.ts', "import { readlinkSync } from 'node:fs';", false],
    ['schema/types/x.ts', "import '../../core/machine/interface.ts';", false],
    ['clients/x.ts', "import type { Machine } from '../core/machine/interface.ts';", false],
    ['clients/x.ts', "import { connect } from 'node:net';", true],
    ['clients/x.ts', "import { WebSocket } from 'ws';", false],
    ['clients/link/x.ts', "import { readJson } from '../../monitor/json/reader.ts';", false],
    ['clients/examples/x.ts', "import { Client } from '../client.ts';", false],
    ['server/x.ts', "import { left } from 'left-pad';", false],
    ['elsewhere/x.ts', '', false],
  ])('tell whether %s may say %j: %s', (path, text, allowed) => {
    expect(complaints(path, text).length === 0).toBe(allowed);
  });
});

describe.skipIf(!requireCheckout())('this tree', () => {
  const sources = trackedFiles().filter((path) => path.endsWith('.ts'));

  test('imports by the rules', () => {
    const wrong = sources
      // Its examples break the rules on purpose.
      .filter((path) => path !== 'test/tidy/imports.test.ts')
      .flatMap((path) => complaints(path, readTracked(path).toString()));
    expect(wrong).toEqual([]);
  });

  test('imports what is there', () => {
    const all = new Set(trackedFiles());
    const missing = sources
      .filter((path) => path !== 'test/tidy/imports.test.ts')
      .flatMap((path) =>
        importsOf(path, readTracked(path).toString())
          .filter((imported) => imported.endsWith('.ts') && !imported.startsWith('node:') && !all.has(imported))
          .map((imported) => `${path} imports ${imported}`),
      );
    expect(missing).toEqual([]);
  });

  test('has every rule for something', () => {
    const idle = RULES.filter(({ of }) => !sources.some((path) => isWithin(path, of)));
    expect(idle).toEqual([]);
  });

  test('names the addresses of devices in one place', () => {
    // The boot ROM lies where a size or an offset may lie too.
    const addresses = new Set<number>(Object.values(ADDRESS).filter((address) => address > 0x1000));
    const places = sources
      .filter((path) => path.startsWith('core/devices/'))
      .flatMap((path) =>
        Array.from(
          readTracked(path)
            .toString()
            .matchAll(/\b0x[\da-f_]+/gi),
          ([number]) => ({ path, number }),
        ),
      )
      .filter(({ number }) => addresses.has(Number(number.replaceAll('_', ''))));
    expect(places).toEqual([]);
  });
});
