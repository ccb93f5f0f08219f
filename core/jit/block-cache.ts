/**
 * The translated blocks of one vCPU.
 *
 * Each block of guest code that has been met is a *site*. A site keeps its clean records for as long as its bytes stand,
 * and beside them annotated records while plugins want something of it. The records that are current can be reached
 * through links and the jump cache without asking here; whatever must be looked at again is *suspended*: the handler of
 * its first record is replaced by one that leaves generated code, so that no link ever has to be searched for.
 *
 * A site is made for an address and a place in memory, so that it serves every mode and every address space that has that
 * place at that address. Links hold for good: they lead only from a block to one that lies on the same page, which was
 * fetched if this one was. All other ways from block to block are in the jump cache of a mode; see `code-space`.
 *
 * - A plugin is loaded: every site is suspended; when it is next entered, the plugin is shown it, and if it wants
 *   nothing the handler is put back, links and all.
 * - A plugin is unloaded: only sites that it touched lose their annotated records; their clean ones are still there.
 * - Bytes are overwritten: the sites of the page are dropped.
 * - The area is full: everything is dropped, between blocks.
 */
import { VcpuState } from '../hart/state.ts';
import { JUMP_CACHE_ENTRIES, JUMP_CACHE_ENTRY_BYTES, type Layout, PAGE_BYTES, PAGE_SHIFT } from '../memory/layout.ts';
import type { View } from '../memory/struct.ts';
import type { PluginInstance, ProbeRequest } from '../plugin/instance.ts';
import type { AccessEvent, InstructionInfo } from '../plugin/plugin.ts';
import { lengthOf } from '../riscv/decode.ts';
import { type Invalidation, MACHINE, SUPERVISOR, USER } from '../riscv/hart.ts';
import { BY_NAME } from '../riscv/table.ts';
import { PSEUDO } from '../wasm/interpreter.ts';
import { NO_LINK, RECORD, RECORD_BYTES } from '../wasm/record.ts';
import type { CodePages } from './code-pages.ts';
import { CodeSpace, type FetchedPage } from './code-space.ts';
import { blockInfo, type DecodedBlock, decodeBlock } from './decode-block.ts';
import { HANDLED } from './handlers.ts';
import {
  BLOCK_BYTES_MAX,
  blockBytes,
  inOrder,
  type PlacedProbe,
  type WriteContext,
  writeBlock,
} from './write-block.ts';

/** A callback that a block may call, by number. */
export interface Callback {
  readonly instance: PluginInstance;
  readonly instruction: InstructionInfo;
  readonly run: (event: AccessEvent) => void;
}

/** One way in which a site has been written down. */
interface Variant {
  readonly site: Site;
  readonly record: number;
  readonly bytes: number;
  /** What the first record's handler is when it is not suspended. */
  readonly handler: number;
  readonly callbacks: readonly number[];
}

interface Site {
  readonly block: DecodedBlock;
  readonly clean: Variant | undefined;
  annotated: Variant | undefined;
  /** What each plugin that wants something wants. */
  readonly wanted: Map<PluginInstance, readonly ProbeRequest[]>;
  /** Number of the last plugin that has been shown it. */
  shown: number;
  dropped: boolean;
}

const hostPageOf = (host: number): number => host - (host % PAGE_BYTES);

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

  /** By where their page lies in memory, then by address. */
  readonly #sites = new Map<number, Map<bigint, Site>>();
  readonly #byPage = new Map<number, Set<Site>>();
  readonly #byRecord = new Map<number, Variant>();

  #plugins: PluginInstance[] = [];
  #loads = 0;
  readonly #loadNumber = new Map<PluginInstance, number>();

  readonly #callbacks: (Callback | undefined)[] = [];
  readonly #freeCallbacks: number[] = [];
  /** Numbers that a block in progress may still call; free once no block is. */
  #retiredCallbacks: number[] = [];

  /** @param fetch finds the page of an address for fetches in a mode, or throws Trap */
  constructor(
    buffer: SharedArrayBuffer,
    layout: Layout,
    vcpu: number,
    codeBytes: number,
    fetch: (virtual: bigint, privilege: number) => FetchedPage,
    codePages: CodePages,
  ) {
    const { state, code, jumpCaches } = layout.vcpus[vcpu]!;
    this.#memory = new DataView(buffer);
    this.#view = VcpuState.view(buffer, state);
    this.#codePages = codePages;
    // An illegal instruction leaves as a system instruction does, and is found out behind the door.
    this.#context = { memory: this.#memory, state, illegalHandler: HANDLED.get(BY_NAME.get('ecall')!)!.plain };
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

  /** To be called after each change of privilege, before the next block. */
  modeChanged(privilege: number): void {
    this.#space = this.#spaces.get(privilege)!;
  }

  /** Memory address of the jump cache for the mode of now. */
  get jumpCache(): number {
    return this.#space.jumpCache;
  }

  /** Forgets what may be fetched where. To be called between blocks. */
  translationChanged(invalid: Invalidation): void {
    for (const space of this.#spaces.values()) space.translationChanged(invalid);
  }

  /**
   * The record to run at `pc`. To be called between blocks.
   * @throws Trap where no instruction can be fetched at `pc`
   */
  enter(pc: bigint): number {
    if (this.#retiredCallbacks.length > 0) this.#freeCallbacks.push(...this.#retiredCallbacks.splice(0));
    const known = this.#space.find(pc);
    if (known !== 0 && !this.#isSuspended(known)) return known;
    const { record } = this.#current(this.#find(pc) ?? this.#translate(pc));
    this.#space.remember(pc, record);
    return record;
  }

  /** Lets the link slot at memory address `link` lead to `record`, the block at `pc`, if it may for good. */
  link(link: number, pc: bigint, record: number): void {
    // The links of a block lie behind its last record.
    const from = this.#memory.getBigUint64(link - (link % RECORD_BYTES) - RECORD_BYTES + RECORD.pc, true);
    const isSamePage = from >> BigInt(PAGE_SHIFT) === pc >> BigInt(PAGE_SHIFT);
    const { hosts } = this.#byRecord.get(record)!.site.block;
    this.#memory.setUint32(link, isSamePage && hosts.length === 1 ? record : NO_LINK.lookUp, true);
  }

  /** Guest address of the block whose suspended record this is. */
  pcOf(record: number): bigint {
    return this.#byRecord.get(record)!.site.block.pc;
  }

  /** The site at `pc`, if there is one and all of it may be fetched. */
  #find(pc: bigint): Site | undefined {
    const site = this.#sites.get(this.#space.page(pc).host)?.get(pc);
    const second = site?.block.hosts[1];
    if (second === undefined || this.#secondPage(pc).host === second) return site;
    this.#drop(site!);
    return undefined;
  }

  /** The page that the instruction at `pc` reaches into. */
  #secondPage(pc: bigint): FetchedPage {
    return this.#space.page(BigInt.asUintN(64, pc + 2n));
  }

  #translate(pc: bigint): Site {
    // Before pages are marked: a flush takes all marks away.
    if (this.#end - this.#free < BLOCK_BYTES_MAX) this.flush();
    const block = this.#decode(pc);
    this.#view.translated++;
    const site: Site = {
      block,
      clean: undefined,
      annotated: undefined,
      wanted: new Map(),
      shown: 0,
      dropped: false,
    };
    (site as { clean: Variant }).clean = this.#write(site, []);
    const page = hostPageOf(block.hosts[0]!);
    const sites = this.#sites.get(page) ?? new Map<bigint, Site>();
    this.#sites.set(page, sites.set(pc, site));
    for (const host of block.hosts) {
      const page = this.#codePages.pageOf(host);
      if (page < 0) continue;
      const sites = this.#byPage.get(page) ?? new Set();
      this.#byPage.set(page, sites.add(site));
    }
    return site;
  }

  #decode(pc: bigint): DecodedBlock {
    const offset = Number(BigInt.asUintN(PAGE_SHIFT, pc));
    const first = this.#space.page(pc).host + offset;
    for (;;) {
      // Translation changes memory, so it cannot wait until the bytes are read for good.
      const crosses = offset === PAGE_BYTES - 2 && lengthOf(this.#memory.getUint16(first, true)) === 4;
      const second = crosses ? this.#secondPage(pc).host : -1;
      const block = this.#codePages.whileLocked(() => {
        for (const host of [first, second]) if (host >= 0) this.#codePages.mark(host);
        return decodeBlock(this.#memory, pc, first, second);
      });
      if (block) return block;
    }
  }

  #write(site: Site, probes: readonly PlacedProbe[]): Variant {
    const record = this.#free;
    const bytes = writeBlock(this.#context, record, site.block, probes);
    this.#free += bytes;
    const variant: Variant = {
      site,
      record,
      bytes,
      handler: this.#memory.getUint16(record + RECORD.handler, true),
      callbacks: probes.map(({ callback }) => callback).filter((callback) => callback >= 0),
    };
    this.#byRecord.set(record, variant);
    this.#view.blocks++;
    this.#view.codeBytes = this.#free - this.#start;
    return variant;
  }

  #isSuspended(record: number): boolean {
    return this.#memory.getUint16(record + RECORD.handler, true) === PSEUDO.revisit;
  }

  #suspend({ record }: Variant): void {
    this.#memory.setUint16(record + RECORD.handler, PSEUDO.revisit, true);
  }

  #resume({ record, handler }: Variant): void {
    this.#memory.setUint16(record + RECORD.handler, handler, true);
  }

  /** The variant to run: every plugin has been shown the site, and what they want is woven in. */
  #current(site: Site): Variant {
    let changed = false;
    if (site.shown !== this.#loads) {
      for (const plugin of this.#plugins) {
        if (this.#loadNumber.get(plugin)! <= site.shown) continue;
        const wanted = plugin.translate(blockInfo(site.block));
        if (wanted.length === 0) continue;
        site.wanted.set(plugin, wanted);
        changed = true;
      }
      site.shown = this.#loads;
    }
    if (changed && site.annotated) this.#retire(site.annotated);
    if (site.wanted.size === 0) {
      this.#resume(site.clean!);
      return site.clean!;
    }
    if (changed || !site.annotated) {
      const requests = [...site.wanted].flatMap(([plugin, wanted]) => wanted.map((request) => ({ plugin, request })));
      if (this.#end - this.#free < blockBytes(site.block, requests.length)) {
        this.flush();
        return this.#current(this.#translate(site.block.pc));
      }
      site.annotated = this.#annotate(site);
      this.#suspend(site.clean!);
    }
    this.#resume(site.annotated!);
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
    this.#suspend(variant);
    this.#view.blocks--;
    if (variant !== variant.site.clean) this.#view.annotated--;
    for (const callback of variant.callbacks) this.#retiredCallbacks.push(callback);
  }

  /** Every site has to be shown to `plugin`. */
  addPlugin(plugin: PluginInstance): void {
    this.#plugins.push(plugin);
    this.#loads++;
    this.#loadNumber.set(plugin, this.#loads);
    for (const site of this.#allSites()) this.#suspend(site.annotated ?? site.clean!);
  }

  /** Undoes all that `plugin` wanted; no other block is touched. To be called between blocks. */
  removePlugin(plugin: PluginInstance): void {
    this.#plugins = this.#plugins.filter((other) => other !== plugin);
    this.#loadNumber.delete(plugin);
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
    for (const sites of this.#sites.values()) yield* sites.values();
  }

  #drop(site: Site): void {
    site.dropped = true;
    this.#retire(site.clean!);
    if (site.annotated) this.#retire(site.annotated);
    this.#sites.get(hostPageOf(site.block.hosts[0]!))!.delete(site.block.pc);
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
