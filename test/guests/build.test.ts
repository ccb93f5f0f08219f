/** The ELF files in the repository are what their sources give, and their checksums are what the host computes. */
import { describe, expect, test } from 'vitest';
import { requireTool } from '../support/tools.ts';
import {
  BENCHMARKS,
  COMPILER,
  differences,
  GUEST_PROGRAMS,
  installedVersion,
  PACKAGE,
  runNatively,
  VERSION,
} from './build.ts';

/** As `requireTool`, and of the version that gives the same bytes. */
function requireCompiler(): boolean {
  if (!requireTool(COMPILER, PACKAGE)) return false;
  const version = installedVersion();
  if (version === VERSION) return true;
  const wrong = `${COMPILER} is version ${version}: the ELF files are built with ${VERSION}`;
  if (process.env.CI) throw new Error(wrong);
  console.warn(`\n*** SKIPPED *** ${wrong}\n`);
  return false;
}

describe.skipIf(!requireCompiler())('guest programs', () => {
  test('are what their sources give', () => {
    expect(differences()).toEqual([]);
  });
});

/** Those that are a computation and nothing else: no harts, no devices. */
const NATIVE = new Set(
  'bytecode-calls bytecode-switch coremark-like dhrystone-like integer pointer-chase quicksort sha256 strings'.split(
    ' ',
  ),
);

describe.skipIf(!requireTool('gcc', 'gcc'))('workloads on the host', () => {
  const workloads = [...BENCHMARKS, ...GUEST_PROGRAMS].filter(({ name }) => NATIVE.has(name));
  test.each(workloads)('$name has the checksum that it expects', (program) => {
    expect(runNatively(program)).toMatch(`${program.name} checksum=`);
  });
});
