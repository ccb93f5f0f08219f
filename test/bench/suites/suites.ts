/** Every benchmark there is, in the order of the page. */
import type { Suite } from '../suite.ts';
import { attach } from './attach.ts';
import { instrumentation } from './instrumentation.ts';
import { speed } from './speed.ts';

export const SUITES: readonly Suite[] = [speed, instrumentation, attach];
