/**
 * The translated blocks of one vCPU.
 *
 * Each block of guest code that has been met is a *site*. A site keeps its clean records for as long as its bytes stand,
 * and beside them annotated records while plugins want something of it. The records that are current can be reached
 * through links and the jump cache without asking here; whatever must be looked at first is *suspended* by a word in its
 * header, so that no link ever has to be searched for. Blocks that are entered often are compiled, with what they lead
 * to, into regions; the block itself is then suspended, so that old links find the region.
 *
 * A site is made for an address and a place in memory, so that it serves every mode and every address space that has that
 * place at that address. Links hold for good: they lead only to where the block, or region, that they lead from may always
 * go on. All other ways from block to block are in the jump cache of a mode; see `code-space`.
 *
 * - A plugin is loaded: every site is suspended; when it is next entered, the plugin is shown it, and if it wants
 *   nothing the block goes on as it was, links and all.
 * - A plugin is unloaded: only sites that it touched lose their annotated records; their clean ones are still there.
 * - Bytes are overwritten: the sites of the page are dropped.
 * - A breakpoint is set or removed: the sites that hold its address, or end there for its sake, are dropped. While it is
 *   set, no block begins there or reaches over it: whoever comes there comes back to the vCPU's loop.
 * - The area is full: everything is dropped, between blocks.
 */
import { VcpuState } from '../hart/state.ts';
import { JUMP_CACHE_ENTRIES, JUMP_CACHE_ENTRY_BYTES, type Layout, PAGE_BYTES, PAGE_SHIFT } from '../memory/layout.ts';
import type { View } from '../memory/struct.ts';
import type { PluginInstance } from '../plugin/instance.ts';
import { lengthOf } from '../riscv/decode.ts';
import { type Invalidation, MACHINE, SUPERVISOR, USER } from '../riscv/hart.ts';
import { BY_NAME } from '../riscv/table.ts';
import { HEADER_BYTES, NO_LINK, RECORD, RECORD_BYTES } from '../wasm/record.ts';
import { Annotations } from './annotations.ts';
import type { Callback } from './callbacks.ts';
import { CodeArea } from './code-area.ts';
import type { CodePages } from './code-pages.ts';
import { CodeSpace, type FetchedPage } from './code-space.ts';
import { type BlockInstruction, type BlockLimits, type DecodedBlock, decodeBlock, UNLIMITED } from './decode-block.ts';
import { HANDLED } from './handlers.ts';
import { RegionMaker } from './region/region-maker.ts';
import type { RegionTable } from './region/region-table.ts';
import { type Region, Regions } from './region/regions.ts';
import type { Translator } from './region/translator.ts';
import { type PlacedProbe, scriptOf } from './script.ts';
import { Sites } from './sites.ts';
import { annotatedBytes, newSite, type Site, type Variant, Warmth } from './variant.ts';
import { BLOCK_BYTES_MAX, type WriteContext, writeBlock } from './write-block.ts';

/** Values of `regionKey`, and the first of those for supervisor and user mode. */
const REGION_KEY = { physical: 1, machine: 2, translated: 4 } as const;

const hostPageOf = (host: number): number => host - (host % PAGE_BYTES);

/** Where the second half of an instruction lies that reaches into another page. */
const secondAddress = (pc: bigint): bigint => BigInt.asUintN(64, pc + 2n);

export interface BlockCacheOptions {
  /** Bytes of the area for translated code to use. */
  readonly codeBytes: number;
  /** Times that a block is entered before it is compiled; -1: it never is. */
  readonly coldness: number;
  /** Instructions for which compiled code runs at the most before it looks up. */
  readonly budget: number;
}

/** A block is worth compiling into somebody else's region when it has this share of the heat that begins one. */
const WARM_SHARE = 32;

export class BlockCache {
  readonly #memory: DataView;
  readonly #view: View<typeof VcpuState.fields>;
  readonly #codePages: CodePages;
  readonly #context: WriteContext;
  readonly #spaces: ReadonlyMap<number, CodeSpace>;
  #space: CodeSpace;
  readonly #area: CodeArea;
  readonly #warmth: Warmth;

  readonly #sites: Sites;
  /** The block that each record begins, of a block or of a region. */
  readonly #byRecord = new Map<number, DecodedBlock>();
  readonly #regions: Regions<Variant>;
  readonly #maker: RegionMaker;

  readonly #annotations = new Annotations();
  /** Changes whenever a region may have become invalid, or valid again. */
  #changes = 0;

  #limits = UNLIMITED;
  /** The last block that was made for one instruction. */
  #single: Variant | undefined;

  /** @param fetch finds the page of an address for fetches in a mode, or throws Trap */
  constructor(
    buffer: SharedArrayBuffer,
    layout: Layout,
    vcpu: number,
    fetch: (virtual: bigint, privilege: number) => FetchedPage,
    codePages: CodePages,
    translator: Translator,
    table: RegionTable,
    { codeBytes, coldness, budget }: BlockCacheOptions,
  ) {
    const { state, code, counters, jumpCaches } = layout.vcpus[vcpu]!;
    this.#memory = new DataView(buffer);
    this.#view = VcpuState.view(buffer, state);
    this.#codePages = codePages;
    this.#sites = new Sites(codePages);
    // An illegal instruction leaves as a system instruction does, and is found out behind the door.
    const illegalHandler = HANDLED.get(BY_NAME.get('ecall')!)!.plain;
    this.#context = { memory: this.#memory, state, illegalHandler, coldness };
    this.#area = new CodeArea(this.#view, code, codeBytes);
    this.#warmth = new Warmth(this.#memory, coldness);
    this.#regions = new Regions(this.#memory, this.#view, table, budget);
    const warmth = this.#warmth;
    this.#maker = new RegionMaker({
      view: this.#view,
      area: this.#area,
      warmth,
      regions: this.#regions,
      translator,
      source: {
        warm: (pc) => {
          const site = this.#known(pc);
          if (!site || warmth.heat(site.clean) + warmth.heat(site.annotated) < coldness / WARM_SHARE) return undefined;
          return this.#current(site);
        },
        heat: (variant) => warmth.heat(variant),
        targets: (variant) => warmth.targets(variant),
      },
      counters,
      installed: ({ record, entry }) => void this.#byRecord.set(record, entry.block),
    });
    this.#spaces = new Map(
      [USER, SUPERVISOR, MACHINE].map((privilege, index) => {
        const jumpCache = jumpCaches + index * JUMP_CACHE_ENTRIES * JUMP_CACHE_ENTRY_BYTES;
        return [privilege, new CodeSpace(buffer, jumpCache, (virtual) => fetch(virtual, privilege))];
      }),
    );
    this.#space = this.#spaces.get(MACHINE)!;
  }

  /** The callback with this number; undefined once its block or its plugin is gone. */
  callback(number: number): Callback | undefined {
    return this.#annotations.callback(number);
  }

  /**
   * To be called after each change of privilege or of what accesses may do, before the next block.
   * @param physical data accesses go to RAM without translation or protection
   */
  modeChanged(privilege: number, physical: boolean): void {
    this.#space = this.#spaces.get(privilege)!;
    this.#view.regionKey =
      privilege === MACHINE
        ? physical
          ? REGION_KEY.physical
          : REGION_KEY.machine
        : REGION_KEY.translated + this.#space.generation * 4 + privilege;
  }

  /** Memory address of the jump cache for the mode of now. */
  get jumpCache(): number {
    return this.#space.jumpCache;
  }

  /**
   * Forgets what may be fetched where. To be called between blocks.
   * @returns whether there was something to forget: `modeChanged` is then to be called
   */
  translationChanged(invalid: Invalidation): boolean {
    let changed = false;
    for (const space of this.#spaces.values()) changed = space.translationChanged(invalid) || changed;
    return changed;
  }

  /**
   * The record to run at `pc`. To be called between blocks.
   * @param link the link slot that led there, 0 or absent where none did
   * @throws Trap where no instruction can be fetched at `pc`
   */
  enter(pc: bigint, link = 0): number {
    this.#annotations.release();
    const known = this.#space.find(pc);
    if (known !== 0 && this.#regions.mayEnter(known)) return known;
    for (;;) {
      const { flushes } = this.#view;
      const record = this.#entrance(this.#find(pc) ?? this.#translate(pc), link);
      if (flushes !== this.#view.flushes) continue;
      this.#space.remember(pc, record);
      return record;
    }
  }

  /** Lets the link slot at memory address `link` lead to `record`, which stands at `pc`, if it may for good. */
  link(link: number, pc: bigint, record: number): void {
    const { hosts } = this.#byRecord.get(record)!;
    const page = pc >> BigInt(PAGE_SHIFT);
    const region = this.#regions.leftBy(link);
    let stays: boolean;
    if (region) {
      stays = region.pages.get(page) === hostPageOf(hosts[0]!);
    } else {
      // The links of a block lie behind its last record.
      const from = this.#memory.getBigUint64(link - (link % RECORD_BYTES) - RECORD_BYTES + RECORD.pc, true);
      stays = from >> BigInt(PAGE_SHIFT) === page;
    }
    this.#memory.setUint32(link, stays && hosts.length === 1 ? record : NO_LINK.lookUp, true);
  }

  /** The site at `pc`, if there is one and all of it may be fetched. @throws Trap */
  #find(pc: bigint): Site | undefined {
    const site = this.#siteAt(this.#space.page(pc), pc);
    const second = site?.block.hosts[1];
    if (second === undefined || this.#secondPage(pc).host === second) return site;
    this.#drop(site!);
    return undefined;
  }

  /** The site at `pc`, if it is known that all of it may be fetched; has no effect on the guest. */
  #known(pc: bigint): Site | undefined {
    const first = this.#space.known(pc);
    const site = first && this.#siteAt(first, pc);
    const second = site?.block.hosts[1];
    return second === undefined || this.#space.known(secondAddress(pc))?.host === second ? site : undefined;
  }

  #siteAt({ host }: FetchedPage, pc: bigint): Site | undefined {
    return this.#sites.at(host + Number(BigInt.asUintN(PAGE_SHIFT, pc)), pc);
  }

  /** The page that the instruction at `pc` reaches into. */
  #secondPage(pc: bigint): FetchedPage {
    return this.#space.page(secondAddress(pc));
  }

  /** The record to run for `site`: of its block, or of the region that begins with it. */
  #entrance(site: Site, link: number): number {
    const variant = this.#current(site);
    let region = this.#regionAt(variant);
    if (!region && this.#warmth.isHot(variant)) {
      this.#maker.compile(variant, link, this.#isPhysical);
      region = this.#regionAt(variant);
    }
    if (!region) {
      this.#warmth.resume(variant);
      return variant.record;
    }
    this.#warmth.suspend(variant);
    this.#regions.resume(region);
    return region.record;
  }

  /** The region that begins with `variant`, if it may be entered here and now. */
  #regionAt(variant: Variant): Region<Variant> | undefined {
    const region = this.#regions.at(variant, this.#isPhysical);
    if (!region || !(region.valid === this.#changes || this.#isValid(region))) return undefined;
    // Its blocks are where they were, in the address space of now.
    if (!region.physical && !this.#space.maps(region.pages)) return undefined;
    region.valid = this.#changes;
    return region;
  }

  /** Every block that the region was made from is still the one to be run. */
  #isValid({ parts }: Region<Variant>): boolean {
    return parts.every((part) => this.#current(part.site) === part);
  }

  get #isPhysical(): boolean {
    return this.#view.regionKey === REGION_KEY.physical;
  }

  /** Installs regions that have been made meanwhile. To be called between blocks. */
  takeTranslated(): void {
    this.#maker.takeTranslated();
  }

  /** The instruction that the record, any of a block's, belongs to. Slow: it searches. */
  instructionAt(record: number): BlockInstruction {
    const variants = Array.from(this.#sites, ({ clean, annotated }) => [clean, annotated]).flat();
    for (const variant of [this.#single, ...variants])
      for (const step of variant?.steps ?? [])
        if (variant!.record + step.offset === record) return variant!.block.instructions[step.index]!;
    throw new Error(`no block has a record at 0x${record.toString(16)}`);
  }

  #translate(pc: bigint): Site {
    // Before pages are marked: a flush takes all marks away.
    if (!this.#area.hasRoom(BLOCK_BYTES_MAX)) this.flush();
    const block = this.#decode(pc, this.#limits);
    this.#view.translated++;
    const site = newSite(block);
    site.clean = this.#write(site, []);
    this.#sites.add(site);
    return site;
  }

  #decode(pc: bigint, limits: BlockLimits): DecodedBlock {
    const offset = Number(BigInt.asUintN(PAGE_SHIFT, pc));
    const first = this.#space.page(pc).host + offset;
    for (;;) {
      // Translation changes memory, so it cannot wait until the bytes are read for good.
      const crosses = offset === PAGE_BYTES - 2 && lengthOf(this.#memory.getUint16(first, true)) === 4;
      const second = crosses ? this.#secondPage(pc).host : -1;
      const block = this.#codePages.whileLocked(() => {
        for (const host of [first, second]) if (host >= 0) this.#codePages.mark(host);
        return decodeBlock(this.#memory, pc, first, second, limits);
      });
      if (block) return block;
    }
  }

  #write(site: Site, probes: readonly PlacedProbe[]): Variant {
    const { block } = site;
    const steps = scriptOf(block, probes);
    const record = this.#area.free + HEADER_BYTES;
    this.#area.take(writeBlock(this.#context, this.#area.free, block, steps));
    this.#view.blocks++;
    this.#byRecord.set(record, block);
    const callbacks = probes.map(({ callback }) => callback).filter((callback) => callback >= 0);
    return { site, block, steps, record, callbacks, coldness: undefined, wasHot: false, retired: false };
  }

  /** The variant to run: every plugin has been shown the site, and what they want is woven in. */
  #current(site: Site): Variant {
    const changed = this.#annotations.show(site);
    if (changed && site.annotated) this.#retire(site.annotated);
    if (site.wanted.size === 0) return site.clean!;
    if (changed || !site.annotated) {
      if (!this.#area.hasRoom(annotatedBytes(site))) {
        this.flush();
        return this.#current(this.#translate(site.block.pc));
      }
      site.annotated = this.#annotate(site);
      this.#warmth.suspend(site.clean!);
    }
    return site.annotated!;
  }

  #annotate(site: Site): Variant {
    this.#view.instrumented++;
    this.#view.annotated++;
    return this.#write(site, this.#annotations.place(site));
  }

  /** The variant is never to be entered again; links may still lead to its first record. */
  #retire(variant: Variant): void {
    variant.retired = true;
    this.#warmth.suspend(variant);
    this.#regions.dropWith(variant);
    this.#view.blocks--;
    if (variant !== variant.site.clean) this.#view.annotated--;
    this.#annotations.retire(variant.callbacks);
  }

  /** Every site has to be shown to `plugin`. */
  addPlugin(plugin: PluginInstance): void {
    this.#annotations.add(plugin);
    this.#changes++;
    for (const site of this.#sites) this.#warmth.suspend(site.annotated ?? site.clean!);
    this.#regions.suspendAll();
  }

  /** Undoes all that `plugin` wanted; no other block is touched. To be called between blocks. */
  removePlugin(plugin: PluginInstance): void {
    this.#annotations.remove(plugin);
    this.#changes++;
    for (const site of this.#sites) {
      if (!site.wanted.delete(plugin) || !site.annotated) continue;
      this.#retire(site.annotated);
      site.annotated = undefined;
      this.#view.droppedByPlugin++;
    }
  }

  /** How many blocks carry something of `plugin`. */
  blocksOf(plugin: PluginInstance): number {
    let blocks = 0;
    for (const site of this.#sites) if (site.annotated && site.wanted.has(plugin)) blocks++;
    return blocks;
  }

  #drop(site: Site): void {
    site.dropped = true;
    this.#retire(site.clean!);
    if (site.annotated) this.#retire(site.annotated);
    this.#sites.remove(site);
  }

  /** A breakpoint is at `pc`: no block is. */
  isBreakpoint(pc: bigint): boolean {
    const { breakpoints } = this.#limits;
    return breakpoints.size > 0 && breakpoints.has(pc);
  }

  /** From here on blocks end where `limits` say. To be called between blocks. */
  limit(limits: BlockLimits): void {
    const before = this.#limits;
    this.#limits = limits;
    if (limits.endsAtAccesses !== before.endsAtAccesses) {
      this.flush();
      return;
    }
    const changed = [...new Set(limits.breakpoints).symmetricDifference(before.breakpoints)];
    const isConcerned = ({ block: { pc, next, transfers } }: Site): boolean =>
      changed.some((address) => address >= pc && (address < next || (address === next && !transfers)));
    for (const site of [...this.#sites].filter(isConcerned)) this.#drop(site);
  }

  /**
   * The record of a block of the one instruction at `pc`, with what plugins want of it, whether there is a breakpoint or
   * not. Nothing leads there, and it stands until any other block is made. To be called between blocks.
   * @throws Trap where no instruction can be fetched at `pc`
   */
  single(pc: bigint): number {
    this.#annotations.release();
    if (!this.#area.hasRoom(BLOCK_BYTES_MAX)) this.flush();
    const site = newSite(this.#decode(pc, { ...this.#limits, instructionsMax: 1 }));
    this.#annotations.show(site);
    if (!this.#area.hasRoom(annotatedBytes(site))) this.flush();
    const { free } = this.#area;
    if (site.wanted.size === 0) site.clean = this.#write(site, []);
    else site.annotated = this.#annotate(site);
    this.#single = (site.annotated ?? site.clean)!;
    this.#retire(this.#single);
    this.#byRecord.delete(this.#single.record);
    this.#area.giveBack(free);
    return this.#single.record;
  }

  /** Drops every block that has bytes on the RAM page. */
  dropPage(page: number): void {
    for (const site of this.#sites.takePage(page)) {
      this.#drop(site);
      this.#view.droppedByStore++;
    }
  }

  /** Drops everything. To be called between blocks. */
  flush(): void {
    this.#sites.clear();
    this.#byRecord.clear();
    this.#regions.clear();
    this.#single = undefined;
    this.#annotations.clear();
    this.#codePages.clear();
    this.#area.clear();
    for (const space of this.#spaces.values()) space.clear();
    this.#view.flushes++;
    this.#view.blocks = 0;
    this.#view.annotated = 0;
  }
}
