/** Random numbers that a seed determines, so that a failure can be run again. */

/** The seed of this run: the environment variable SEED, else a new one. Print it where a failure is reported. */
export const SEED = Number(process.env.SEED ?? Date.now() % 2 ** 32) >>> 0;

/** A generator of 32-bit words with 32 bits of state: a counter that is mixed (Steele, Lea, Flood: SplitMix, 2014). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A word of 32 bits, unsigned. */
  word(): number {
    this.#state = (this.#state + 0x9e37_79b9) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85eb_ca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
    return (mixed ^ (mixed >>> 16)) >>> 0;
  }

  /** From 0 up to `bound` - 1. */
  below(bound: number): number {
    return Math.floor((this.word() / 2 ** 32) * bound);
  }

  /** From `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  /** True `percent` times in a hundred. */
  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  /** One of them. */
  pick<T>(choices: readonly T[]): T {
    const choice = choices[this.below(choices.length)];
    if (choice === undefined) throw new Error('nothing to choose from');
    return choice;
  }

  /** 64 random bits. */
  double(): bigint {
    return (BigInt(this.word()) << 32n) | BigInt(this.word());
  }
}
