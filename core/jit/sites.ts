/** The sites of one vCPU, by where they lie in memory. */
import type { CodePages } from './code-pages.ts';
import type { Site } from './variant.ts';

export class Sites {
  readonly #codePages: CodePages;
  /**
   * By the memory address of their first byte, then by the virtual address that it was fetched from: where each process
   * has its code at addresses of its own, there are as many as there have been processes.
   */
  readonly #byHost = new Map<number, Map<bigint, Site>>();
  /** By the number of each RAM page that has bytes of them; those that were dropped stay until the page is taken. */
  readonly #byPage = new Map<number, Set<Site>>();

  constructor(codePages: CodePages) {
    this.#codePages = codePages;
  }

  *[Symbol.iterator](): Generator<Site> {
    for (const sites of this.#byHost.values()) yield* sites.values();
  }

  /** The site at virtual address `pc`, whose first byte is at memory address `host`. */
  at(host: number, pc: bigint): Site | undefined {
    return this.#byHost.get(host)?.get(pc);
  }

  add(site: Site): void {
    const { hosts, pc } = site.block;
    const sites = this.#byHost.get(hosts[0]!);
    if (sites) sites.set(pc, site);
    else this.#byHost.set(hosts[0]!, new Map([[pc, site]]));
    for (const host of hosts) {
      const page = this.#codePages.pageOf(host);
      if (page < 0) continue;
      const onPage = this.#byPage.get(page) ?? new Set();
      this.#byPage.set(page, onPage.add(site));
    }
  }

  remove(site: Site): void {
    const { hosts, pc } = site.block;
    const sites = this.#byHost.get(hosts[0]!)!;
    sites.delete(pc);
    if (sites.size === 0) this.#byHost.delete(hosts[0]!);
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
