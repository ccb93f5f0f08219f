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
import type { AccessEvent, InstructionInfo } from '../plugin/plugin.ts';
import type { ProbeRequest } from '../plugin/probe.ts';
import { lengthOf } from '../riscv/decode.ts';
import { type Invalidation, MACHINE, SUPERVISOR, Trap, USER } from '../riscv/hart.ts';
import { BY_NAME } from '../riscv/table.ts';
import { HEADER, HEADER_BYTES, NO_LINK, RECORD, RECORD_BYTES, TARGETS } from '../wasm/record.ts';
import { blueprintOf } from './blueprint.ts';
import type { CodePages } from './code-pages.ts';
import { CodeSpace, type FetchedPage } from './code-space.ts';
import type { TranslatedRegion } from './compiler.ts';
import {
  type BlockInstruction,
  type BlockLimits,
  blockInfo,
  type DecodedBlock,
  decodeBlock,
  UNLIMITED,
} from './decode-block.ts';
import { type FormedRegion, formRegion, type RegionSource } from './form-region.ts';
import { HANDLED } from './handlers.ts';
import type { RegionTable } from './region-table.ts';
import { type Region, Regions, regionBytes } from './regions.ts';
import { inOrder, type PlacedProbe, type Step, scriptOf } from './script.ts';
import type { Translator } from './translator.ts';
import { BLOCK_BYTES_MAX, blockBytes, targetsOf, type WriteContext, writeBlock } from './write-block.ts';

/** A callback that a block may call, by number. */
export interface Callback {
  readonly instance: PluginInstance;
  readonly instruction: InstructionInfo;
  readonly run: (event: AccessEvent) => void;
}

/** One way in which a site has been written down. */
interface Variant {
  readonly site: Site;
  readonly block: DecodedBlock;
  readonly steps: readonly Step[];
  readonly record: number;
  readonly callbacks: readonly number[];
  /** What its header says when it is not suspended; undefined while it is not. */
  coldness: number | undefined;
  /** Never to be entered again. */
  retired: boolean;
}

/** A region that is being made. */
interface PendingRegion extends Pick<Region<Variant>, 'extensions' | 'physical'> {
  readonly formed: FormedRegion<Variant>;
  /** Number of the flush before it: later ones have taken the ground from under it. */
  readonly flushes: number;
}

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
/** How often a region is made anew with more blocks; each time what it lacks has to be twice as hot. */
const EXTENSIONS_MAX = 6;

interface Site {
  readonly block: DecodedBlock;
  clean: Variant | undefined;
  annotated: Variant | undefined;
  /** What each plugin that wants something wants. */
  readonly wanted: Map<PluginInstance, readonly ProbeRequest[]>;
  /** Number of the last plugin that has been shown it. */
  shown: number;
  dropped: boolean;
}

const newSite = (block: DecodedBlock): Site => ({
  block,
  clean: undefined,
  annotated: undefined,
  wanted: new Map(),
  shown: 0,
  dropped: false,
});

/** Bytes that the site takes at the most with what plugins want of it. */
const annotatedBytes = ({ block, wanted }: Site): number =>
  blockBytes(
    block,
    [...wanted.values()].reduce((sum, { length }) => sum + length, 0),
  );

export class BlockCache {
  readonly #memory: DataView;
  readonly #view: View<typeof VcpuState.fields>;
  readonly #codePages: CodePages;
  readonly #context: WriteContext;
  readonly #spaces: ReadonlyMap<number, CodeSpace>;
  #space: CodeSpace;
  readonly #start: number;
  readonly #end: number;
  #free: number;

  /** By where they lie in memory; at one place there are as many as there are addresses that it was fetched from. */
  readonly #sites = new Map<number, Site[]>();
  readonly #byPage = new Map<number, Set<Site>>();
  /** The block that each record begins, of a block or of a region. */
  readonly #byRecord = new Map<number, DecodedBlock>();
  readonly #regions: Regions<Variant>;
  readonly #translator: Translator;
  /** Regions that the translator is making, by number. */
  readonly #pending = new Map<number, PendingRegion>();
  readonly #counters: number;
  readonly #source: RegionSource<Variant>;

  #plugins: PluginInstance[] = [];
  #loads = 0;
  /** Changes whenever a region may have become invalid, or valid again. */
  #changes = 0;
  readonly #loadNumber = new Map<PluginInstance, number>();

  #limits = UNLIMITED;
  /** The last block that was made for one instruction. */
  #single: Variant | undefined;

  readonly #callbacks: (Callback | undefined)[] = [];
  readonly #freeCallbacks: number[] = [];
  /** Numbers that a block in progress may still call; free once no block is. */
  #retiredCallbacks: number[] = [];

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
    // An illegal instruction leaves as a system instruction does, and is found out behind the door.
    const illegalHandler = HANDLED.get(BY_NAME.get('ecall')!)!.plain;
    this.#context = { memory: this.#memory, state, illegalHandler, coldness };
    this.#translator = translator;
    this.#counters = counters;
    this.#regions = new Regions(this.#memory, this.#view, table, budget);
    this.#source = {
      warm: (pc) => {
        const site = this.#known(pc);
        if (!site || this.#heat(site.clean!) + this.#heat(site.annotated) < coldness / WARM_SHARE) return undefined;
        return this.#current(site);
      },
      heat: (variant) => this.#heat(variant),
      targets: (variant) => this.#targets(variant),
    };
    this.#spaces = new Map(
      [USER, SUPERVISOR, MACHINE].map((privilege, index) => {
        const jumpCache = jumpCaches + index * JUMP_CACHE_ENTRIES * JUMP_CACHE_ENTRY_BYTES;
        return [privilege, new CodeSpace(buffer, jumpCache, (virtual) => fetch(virtual, privilege))];
      }),
    );
    this.#space = this.#spaces.get(MACHINE)!;
    this.#start = code;
    this.#end = code + codeBytes;
    this.#free = code;
  }

  /** The callback with this number; undefined once its block or its plugin is gone. */
  callback(number: number): Callback | undefined {
    return this.#callbacks[number];
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
    this.#releaseCallbacks();
    const known = this.#space.find(pc);
    if (known !== 0 && this.#isReady(known)) return known;
    for (;;) {
      const { flushes } = this.#view;
      const record = this.#entrance(this.#find(pc) ?? this.#translate(pc), link);
      if (flushes !== this.#view.flushes) continue;
      this.#space.remember(pc, record);
      return record;
    }
  }

  #releaseCallbacks(): void {
    if (this.#retiredCallbacks.length > 0) this.#freeCallbacks.push(...this.#retiredCallbacks.splice(0));
  }

  /** Nobody has to look at the block or region at `record` before it is entered. */
  #isReady(record: number): boolean {
    return this.#memory.getInt32(record + HEADER.coldness, true) !== 0 && this.#regions.mayEnter(record);
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
    return this.#sites.get(host + Number(BigInt.asUintN(PAGE_SHIFT, pc)))?.find(({ block }) => block.pc === pc);
  }

  /** The page that the instruction at `pc` reaches into. */
  #secondPage(pc: bigint): FetchedPage {
    return this.#space.page(secondAddress(pc));
  }

  /** The record to run for `site`: of its block, or of the region that begins with it. */
  #entrance(site: Site, link: number): number {
    const variant = this.#current(site);
    if (variant.coldness === undefined && this.#coldnessOf(variant) === 0) this.#compile(variant, link);
    const region = this.#regions.at(variant, this.#isPhysical);
    if (region && (region.valid === this.#changes || this.#isValid(region)) && this.#isMapped(region)) {
      region.valid = this.#changes;
      this.#suspend(variant);
      this.#regions.resume(region);
      return region.record;
    }
    this.#resume(variant);
    return variant.record;
  }

  /** Every block that the region was made from is still the one to be run. */
  #isValid({ parts }: Region<Variant>): boolean {
    return parts.every((part) => this.#current(part.site) === part);
  }

  /** Its blocks are where they were, in the address space of now. */
  #isMapped({ pages, physical }: Region<Variant>): boolean {
    if (physical) return true;
    try {
      for (const [page, host] of pages) if (this.#space.page(page << BigInt(PAGE_SHIFT)).host !== host) return false;
      return true;
    } catch (thrown) {
      if (!(thrown instanceof Trap)) throw thrown;
      return false;
    }
  }

  get #isPhysical(): boolean {
    return this.#view.regionKey === REGION_KEY.physical;
  }

  #coldnessOf({ record }: Variant): number {
    return this.#memory.getInt32(record + HEADER.coldness, true);
  }
  #setColdness({ record }: Variant, coldness: number): void {
    this.#memory.setInt32(record + HEADER.coldness, coldness, true);
  }

  /** How often the block has been entered by the interpreter, and no more than it takes to be hot. */
  #heat(variant: Variant | undefined): number {
    if (!variant) return 0;
    return this.#context.coldness - Math.max(0, variant.coldness ?? this.#coldnessOf(variant));
  }

  /** Where the indirect jump at the end of `variant` has gone to, the most frequent first. */
  #targets({ record, steps, block }: Variant): readonly bigint[] {
    const high = block.pc & ~0xffff_ffffn;
    const counts = new Map<number, number>();
    const sample = targetsOf(record, steps);
    for (let index = 0; index < TARGETS; index++) {
      const low = this.#memory.getUint32(sample + index * 4, true);
      if (low !== 0) counts.set(low, (counts.get(low) ?? 0) + 1);
    }
    return [...counts].sort(([, x], [, y]) => y - x).map(([low]) => high | BigInt(low));
  }

  /**
   * `variant` is hot: makes the region anew that `link` leads out of, if `variant` then becomes part of it, or else one
   * that begins with `variant`; or sees to it that nobody asks again.
   */
  #compile(variant: Variant, link: number): void {
    const left = this.#regions.leftBy(link);
    if (left && !left.full && left.extensions < EXTENSIONS_MAX && !left.parts.includes(variant)) {
      const extensions = left.extensions + 1;
      if (this.#makeRegion(left.entry, extensions, ({ parts }) => parts.includes(variant)) === 'made') {
        this.#setColdness(variant, this.#context.coldness << extensions);
        return;
      }
    }
    this.#setColdness(variant, -1);
    if (this.#makeRegion(variant, 0) === 'later') this.#setColdness(variant, this.#context.coldness);
  }

  /**
   * Has a region made, now or by and by.
   * @param serves whether it is worth having
   */
  #makeRegion(
    entry: Variant,
    extensions: number,
    serves?: (formed: FormedRegion<Variant>) => boolean,
  ): 'made' | 'useless' | 'later' {
    const { flushes } = this.#view;
    const formed = formRegion(entry, this.#source);
    if (!formed || flushes !== this.#view.flushes || serves?.(formed) === false) return 'useless';
    const physical = this.#isPhysical;
    const number = this.#translator.request(blueprintOf(formed, this.#counters, physical));
    if (number === undefined) return 'later';
    this.#pending.set(number, { formed, extensions, physical, flushes });
    this.takeTranslated();
    return 'made';
  }

  /** Installs what the translator has made. To be called between blocks. */
  takeTranslated(): void {
    for (const { number, region, microseconds } of this.#translator.take()) {
      const pending = this.#pending.get(number)!;
      this.#pending.delete(number);
      this.#view.compileMicroseconds += Math.round(microseconds);
      if (region) this.#install(pending, region);
    }
  }

  #install({ formed, flushes, ...kind }: PendingRegion, translated: TranslatedRegion): void {
    const entry = formed.parts[0]!;
    const bytes = regionBytes(translated);
    // Too little room: the area is about to be emptied anyway.
    if (flushes !== this.#view.flushes || this.#end - this.#free < bytes) return;
    if (formed.parts.some(({ retired }) => retired)) return;
    const before = this.#regions.at(entry, kind.physical);
    if (before) this.#regions.drop(before);
    const region = this.#regions.install(formed, translated, this.#free, kind);
    if (!region) return;
    this.#byRecord.set(region.record, entry.block);
    // Links to the block find the region when it has been looked at.
    this.#suspend(entry);
    this.#free += bytes;
    this.#view.compiled++;
    this.#view.codeBytes = this.#free - this.#start;
  }

  /** The instruction that the record, any of a block's, belongs to. Slow: it searches. */
  instructionAt(record: number): BlockInstruction {
    const variants = Array.from(this.#allSites(), ({ clean, annotated }) => [clean, annotated]).flat();
    for (const variant of [this.#single, ...variants])
      for (const step of variant?.steps ?? [])
        if (variant!.record + step.offset === record) return variant!.block.instructions[step.index]!;
    throw new Error(`no block has a record at 0x${record.toString(16)}`);
  }

  #translate(pc: bigint): Site {
    // Before pages are marked: a flush takes all marks away.
    if (this.#end - this.#free < BLOCK_BYTES_MAX) this.flush();
    const block = this.#decode(pc, this.#limits);
    this.#view.translated++;
    const site = newSite(block);
    site.clean = this.#write(site, []);
    this.#sites.set(block.hosts[0]!, [...(this.#sites.get(block.hosts[0]!) ?? []), site]);
    for (const host of block.hosts) {
      const page = this.#codePages.pageOf(host);
      if (page < 0) continue;
      const sites = this.#byPage.get(page) ?? new Set();
      this.#byPage.set(page, sites.add(site));
    }
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
    const record = this.#free + HEADER_BYTES;
    this.#free += writeBlock(this.#context, this.#free, block, steps);
    this.#view.blocks++;
    this.#view.codeBytes = this.#free - this.#start;
    this.#byRecord.set(record, block);
    const callbacks = probes.map(({ callback }) => callback).filter((callback) => callback >= 0);
    return { site, block, steps, record, callbacks, coldness: undefined, retired: false };
  }

  #suspend(variant: Variant): void {
    variant.coldness ??= this.#coldnessOf(variant);
    this.#setColdness(variant, 0);
  }

  #resume(variant: Variant): void {
    if (variant.coldness !== undefined) this.#setColdness(variant, variant.coldness);
    variant.coldness = undefined;
  }

  /** Shows the site to every plugin that has not seen it. @returns whether one of them wants something */
  #show(site: Site): boolean {
    if (site.shown === this.#loads) return false;
    let changed = false;
    for (const plugin of this.#plugins) {
      if (this.#loadNumber.get(plugin)! <= site.shown) continue;
      const wanted = plugin.translate(blockInfo(site.block));
      if (wanted.length === 0) continue;
      site.wanted.set(plugin, wanted);
      changed = true;
    }
    site.shown = this.#loads;
    return changed;
  }

  /** The variant to run: every plugin has been shown the site, and what they want is woven in. */
  #current(site: Site): Variant {
    const changed = this.#show(site);
    if (changed && site.annotated) this.#retire(site.annotated);
    if (site.wanted.size === 0) return site.clean!;
    if (changed || !site.annotated) {
      if (this.#end - this.#free < annotatedBytes(site)) {
        this.flush();
        return this.#current(this.#translate(site.block.pc));
      }
      site.annotated = this.#annotate(site);
      this.#suspend(site.clean!);
    }
    return site.annotated!;
  }

  #annotate(site: Site): Variant {
    const { instructions } = blockInfo(site.block);
    const owner = new Map<ProbeRequest, PluginInstance>();
    for (const [plugin, wanted] of site.wanted) for (const request of wanted) owner.set(request, plugin);
    const probes = inOrder([...owner.keys()]).map((request): PlacedProbe => {
      if (!request.callback) return { request, callback: -1 };
      const callback = this.#freeCallbacks.pop() ?? this.#callbacks.length;
      this.#callbacks[callback] = {
        instance: owner.get(request)!,
        instruction: instructions[request.index]!,
        run: request.callback,
      };
      return { request, callback };
    });
    this.#view.instrumented++;
    this.#view.annotated++;
    return this.#write(site, probes);
  }

  /** The variant is never to be entered again; links may still lead to its first record. */
  #retire(variant: Variant): void {
    variant.retired = true;
    this.#suspend(variant);
    this.#regions.dropWith(variant);
    this.#view.blocks--;
    if (variant !== variant.site.clean) this.#view.annotated--;
    for (const callback of variant.callbacks) this.#retiredCallbacks.push(callback);
  }

  /** Every site has to be shown to `plugin`. */
  addPlugin(plugin: PluginInstance): void {
    this.#plugins.push(plugin);
    this.#loads++;
    this.#changes++;
    this.#loadNumber.set(plugin, this.#loads);
    for (const site of this.#allSites()) this.#suspend(site.annotated ?? site.clean!);
    this.#regions.suspendAll();
  }

  /** Undoes all that `plugin` wanted; no other block is touched. To be called between blocks. */
  removePlugin(plugin: PluginInstance): void {
    this.#plugins = this.#plugins.filter((other) => other !== plugin);
    this.#loadNumber.delete(plugin);
    this.#changes++;
    for (const site of this.#allSites()) {
      if (!site.wanted.delete(plugin) || !site.annotated) continue;
      this.#retire(site.annotated);
      site.annotated = undefined;
      this.#view.droppedByPlugin++;
    }
    for (const [number, callback] of this.#callbacks.entries())
      if (callback?.instance === plugin) this.#callbacks[number] = undefined;
  }

  /** How many blocks carry something of `plugin`. */
  blocksOf(plugin: PluginInstance): number {
    let blocks = 0;
    for (const site of this.#allSites()) if (site.annotated && site.wanted.has(plugin)) blocks++;
    return blocks;
  }

  *#allSites(): Generator<Site> {
    for (const sites of this.#sites.values()) yield* sites;
  }

  #drop(site: Site): void {
    site.dropped = true;
    this.#retire(site.clean!);
    if (site.annotated) this.#retire(site.annotated);
    const host = site.block.hosts[0]!;
    const others = this.#sites.get(host)!.filter((other) => other !== site);
    if (others.length > 0) this.#sites.set(host, others);
    else this.#sites.delete(host);
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
    const only = (some: BlockLimits, others: BlockLimits): readonly bigint[] =>
      [...some.breakpoints].filter((address) => !others.breakpoints.has(address));
    const changed = [...only(before, limits), ...only(limits, before)];
    const isConcerned = ({ block: { pc, next, transfers } }: Site): boolean =>
      changed.some((address) => address >= pc && (address < next || (address === next && !transfers)));
    for (const site of [...this.#allSites()].filter(isConcerned)) this.#drop(site);
  }

  /**
   * The record of a block of the one instruction at `pc`, with what plugins want of it, whether there is a breakpoint or
   * not. Nothing leads there, and it stands until any other block is made. To be called between blocks.
   * @throws Trap where no instruction can be fetched at `pc`
   */
  single(pc: bigint): number {
    this.#releaseCallbacks();
    if (this.#end - this.#free < BLOCK_BYTES_MAX) this.flush();
    const site = newSite(this.#decode(pc, { ...this.#limits, instructionsMax: 1 }));
    this.#show(site);
    if (this.#end - this.#free < annotatedBytes(site)) this.flush();
    const free = this.#free;
    if (site.wanted.size === 0) site.clean = this.#write(site, []);
    else site.annotated = this.#annotate(site);
    this.#single = (site.annotated ?? site.clean)!;
    this.#retire(this.#single);
    this.#byRecord.delete(this.#single.record);
    this.#free = free;
    this.#view.codeBytes = free - this.#start;
    return this.#single.record;
  }

  /** Drops every block that has bytes on the RAM page. */
  dropPage(page: number): void {
    for (const site of this.#byPage.get(page) ?? []) {
      if (site.dropped) continue;
      this.#drop(site);
      this.#view.droppedByStore++;
    }
    this.#byPage.delete(page);
  }

  /** Drops everything. To be called between blocks. */
  flush(): void {
    this.#sites.clear();
    this.#byPage.clear();
    this.#byRecord.clear();
    this.#regions.clear();
    this.#single = undefined;
    this.#callbacks.length = 0;
    this.#freeCallbacks.length = 0;
    this.#retiredCallbacks = [];
    this.#codePages.clear();
    this.#free = this.#start;
    for (const space of this.#spaces.values()) space.clear();
    this.#view.flushes++;
    this.#view.blocks = 0;
    this.#view.annotated = 0;
    this.#view.codeBytes = 0;
  }
}
