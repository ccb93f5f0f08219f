/** The guest programs on our machine, where they do what they do on any other. */
import { describe, expect, test } from 'vitest';
import { SESSIONS } from '../guests/sessions.ts';
import { guestMachine } from '../support/guest-machine.ts';

describe.each(SESSIONS)('$elf', ({ elf, harts, steps = [], shows = [], output, exitCode }) => {
  test.each(harts)('on %d vCPUs', async (smp) => {
    const {
      machine,
      ended,
      printed,
      type,
      output: printedSoFar,
      reports,
    } = await guestMachine({ kernel: `guests/${elf}`, smp });
    await machine.cont();
    let seen = 0;
    for (const [after, text] of steps) {
      await printed(after, seen);
      seen = printedSoFar().indexOf(after, seen) + after.length;
      if (text === 'kill') await machine.shutdown('host-signal');
      else await type(text);
    }
    const end = await ended;
    for (const text of shows) expect(printedSoFar()).toMatch(text);
    if (output !== undefined) expect(printedSoFar()).toBe(output);
    if (exitCode !== undefined) expect(end).toMatchObject({ guest: true, exitCode });
    expect(reports).toEqual([]);
  });
});
