/**
 * Zihintpause and Zawrs: waiting for other harts (unprivileged manual, chapters of these names). A wait for a
 * reservation may end for any reason, and does so at once. The hints of Zihintntl need no word: they add to x0.
 */
import { extension, instruction, N } from '../instruction.ts';

export const HINTS = extension({
  pause: instruction(N`000000010000 00000 000 00000 0001111`, () => {}),
  wrs_nto: instruction(N`000000001101 00000 000 00000 1110011`, () => {}),
  wrs_sto: instruction(N`000000011101 00000 000 00000 1110011`, () => {}),
});
