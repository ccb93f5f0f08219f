/** The sites of one vCPU, by where they lie in memory. */
import type { CodePages } from './code-pages.ts';
import type { Site } from './variant.ts';

export class Sites {
  readonly #codePages: CodePages;
  /** By the memory address of their first byte; as many as there are addresses that it was fetched from. */
  readonly #byHost = new Map<number, Site[]>();
  /** By the number of each RAM page that has bytes of them; those that were dropped stay until the page is taken. */
  readonly #byPage = new Map<number, Set<Site>>();

  constructor(codePages: CodePages) {
    this.#codePages = codePages;
  }

  *[Symbol.iterator](): Generator<Site> {
    for (const sites of this.#byHost.values()) yield* sites;
  }

  /** The site at virtual address `pc`, whose first byte is at memory address `host`. */
  at(host: number, pc: bigint): Site | undefined {
    return this.#byHost.get(host)?.find(({ block }) => block.pc === pc);
  }

  add(site: Site): void {
    const { hosts } = site.block;
    this.#byHost.set(hosts[0]!, [...(this.#byHost.get(hosts[0]!) ?? []), site]);
    for (const host of hosts) {
      const page = this.#codePages.pageOf(host);
      if (page < 0) continue;
      const sites = this.#byPage.get(page) ?? new Set();
      this.#byPage.set(page, sites.add(site));
    }
  }

  remove(site: Site): void {
    const host = site.block.hosts[0]!;
    const others = this.#byHost.get(host)!.filter((other) => other !== site);
    if (others.length > 0) this.#byHost.set(host, others);
    else this.#byHost.delete(host);
  }

  /** The sites that have bytes on the RAM page, for them to be dropped. */
  takePage(page: number): readonly Site[] {
    const sites = [...(this.#byPage.get(page) ?? [])].filter(({ dropped }) => !dropped);
    this.#byPage.delete(page);
    return sites;
  }

  clear(): void {
    this.#byHost.clear();
    this.#byPage.clear();
  }
}
