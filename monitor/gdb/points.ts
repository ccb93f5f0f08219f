/** The points that a debugger has set: what `Z` and `z` packets speak of. */
import type { DebugPoints, Watchpoint } from '../../core/machine/interface.ts';

interface Point {
  readonly type: string;
  readonly address: bigint;
  /** At least 1. */
  readonly bytes: number;
}

/** Types of breakpoints; those in hardware and those in memory are the same here. */
const BREAKPOINTS: readonly string[] = ['0', '1'];
const WATCHPOINTS: Readonly<Record<string, Watchpoint['kind']>> = { 2: 'write', 3: 'read', 4: 'access' };

export const isPointType = (type: string): boolean => BREAKPOINTS.includes(type) || type in WATCHPOINTS;

const keyOf = ({ type, address, bytes }: Point): string => `${type} ${address} ${bytes}`;

export class Points {
  readonly #points = new Map<string, Point>();

  /** No effect where it is there. */
  add(point: Point): void {
    this.#points.set(keyOf(point), point);
  }
  /** No effect where it is not there. */
  remove(point: Point): void {
    this.#points.delete(keyOf(point));
  }
  clear(): void {
    this.#points.clear();
  }

  get all(): DebugPoints {
    const points = [...this.#points.values()];
    const breakpoints = points.filter(({ type }) => BREAKPOINTS.includes(type)).map(({ address }) => address);
    return {
      breakpoints: [...new Set(breakpoints)],
      watchpoints: points.flatMap(({ type, address, bytes }) => {
        const kind = WATCHPOINTS[type];
        return kind ? [{ kind, address, bytes }] : [];
      }),
    };
  }
}
