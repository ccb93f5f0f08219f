/** A program as a user writes one: C, the compiler of a distribution, the runtime of the guests, and the daemon. */
import { spawnSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { COMPILER, PACKAGE } from '../guests/build.ts';
import { runDaemon } from '../support/daemon.ts';
import { testFile } from '../support/guest-machine.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { requireTool } from '../support/tools.ts';

const RUNTIME = testFile('guests/runtime');
/** All but what makes a `main` of a workload. */
const SOURCES = readdirSync(RUNTIME)
  .filter((name) => /\.[cS]$/.test(name) && name !== 'workload.c')
  .map((name) => join(RUNTIME, name));

const PROGRAM = `
#include "runtime.h"

static uint32_t collatz(uint64_t number) {
  uint32_t steps = 0;
  for (; number != 1; steps++) number = number % 2 ? 3 * number + 1 : number / 2;
  return steps;
}

static uint32_t longest[HARTS_MAX];

static void search(unsigned hart) {
  for (uint64_t number = 1 + hart; number < 10000; number += harts)
    if (collatz(number) > longest[hart]) longest[hart] = collatz(number);
}

int main(void) {
  harts_run(harts, search);
  uint32_t most = 0;
  for (unsigned hart = 0; hart < harts; hart++)
    if (longest[hart] > most) most = longest[hart];
  printf("%u steps on %u harts\\n", most, harts);
  return most - 200;
}
`;

describe.skipIf(!requireTool(COMPILER, PACKAGE))('a C program', () => {
  test.each(['-O0', '-O2'])('compiled with %s ends with what its main returns', async (optimization) => {
    const directory = temporaryDirectory();
    const [source, elf] = [join(directory, 'program.c'), join(directory, 'program.elf')];
    writeFileSync(source, PROGRAM);
    const target = ['-march=rv64imac', '-misa-spec=2.2', '-mabi=lp64', '-mcmodel=medany'];
    const options = [
      ...target,
      optimization,
      '-ffreestanding',
      '-nostdlib',
      '-static',
      `-T${join(RUNTIME, 'link.ld')}`,
    ];
    const { stderr, status } = spawnSync(COMPILER, [...options, `-I${RUNTIME}`, source, ...SOURCES, '-o', elf], {
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([0, '']);
    // The longest sequence below 10000 begins with 6171 and has 261 steps.
    expect(await runDaemon(['-nographic', '-smp', '2', '-kernel', elf])).toEqual({
      status: 61,
      out: '261 steps on 2 harts\r\n',
      err: '',
    });
  });
});
