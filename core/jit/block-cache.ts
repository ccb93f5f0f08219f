/**
 * The translated blocks of one vCPU.
 *
 * Each block of guest code that has been met is a *site*. A site keeps its clean records for as long as its bytes stand,
 * and beside them annotated records while plugins want something of it. The records that are current can be reached
 * through links and the jump cache without asking here; whatever must be looked at again is *suspended*: the handler of
 * its first record is replaced by one that leaves generated code, so that no link ever has to be searched for.
 *
 * - A plugin is loaded: every site is suspended; when it is next entered, the plugin is shown it, and if it wants
 *   nothing the handler is put back, links and all.
 * - A plugin is unloaded: only sites that it touched lose their annotated records; their clean ones are still there, and
 *   take over at once unless another plugin is to be asked first.
 * - Bytes are overwritten: the sites of the page are dropped.
 * - The area is full: everything is dropped, between blocks.
 */
import { JUMP_CACHE_ENTRIES, JUMP_CACHE_ENTRY_BYTES, VcpuState } from '../hart/state.ts';
import type { Layout } from '../memory/layout.ts';
import type { PhysicalMemory } from '../memory/physical.ts';
import type { View } from '../memory/struct.ts';
import type { PluginInstance, ProbeRequest } from '../plugin/instance.ts';
import type { AccessEvent, InstructionInfo } from '../plugin/plugin.ts';
import { BY_NAME } from '../riscv/table.ts';
import { PSEUDO } from '../wasm/interpreter.ts';
import { RECORD } from '../wasm/record.ts';
import type { CodePages } from './code-pages.ts';
import { blockInfo, type DecodedBlock, decodeBlock } from './decode-block.ts';
import { HANDLED } from './handlers.ts';
import { blockBytes, inOrder, type PlacedProbe, type WriteContext, writeBlock } from './write-block.ts';

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

export class BlockCache {
  readonly #memory: DataView;
  readonly #view: View<typeof VcpuState.fields>;
  readonly #physical: PhysicalMemory;
  readonly #codePages: CodePages;
  readonly #context: WriteContext;
  readonly #jumpCache: number;
  readonly #start: number;
  readonly #end: number;
  #free: number;

  readonly #sites = new Map<bigint, Site>();
  readonly #byPage = new Map<number, Set<Site>>();
  readonly #byRecord = new Map<number, Variant>();

  #plugins: PluginInstance[] = [];
  #loads = 0;
  readonly #loadNumber = new Map<PluginInstance, number>();

  readonly #callbacks: (Callback | undefined)[] = [];
  readonly #freeCallbacks: number[] = [];
  /** Numbers that a block in progress may still call; free once no block is. */
  #retiredCallbacks: number[] = [];

  constructor(
    buffer: SharedArrayBuffer,
    layout: Layout,
    vcpu: number,
    codeBytes: number,
    physical: PhysicalMemory,
    codePages: CodePages,
  ) {
    const { state, code } = layout.vcpus[vcpu]!;
    this.#memory = new DataView(buffer);
    this.#view = VcpuState.view(buffer, state);
    this.#physical = physical;
    this.#codePages = codePages;
    // An illegal instruction leaves as a system instruction does, and is found out behind the door.
    this.#context = { memory: this.#memory, state, illegalHandler: HANDLED.get(BY_NAME.get('ecall')!)!.plain };
    this.#jumpCache = state + VcpuState.offset.jumpCache;
    this.#start = code;
    this.#end = code + codeBytes;
    this.#free = code;
  }

  /** The callback with this number; undefined once its block or its plugin is gone. */
  callback(number: number): Callback | undefined {
    return this.#callbacks[number];
  }

  /**
   * The record to run at `pc`. To be called between blocks.
   * @returns 0 where no instruction can be fetched at `pc`
   */
  enter(pc: bigint): number {
    this.#freeCallbacks.push(...this.#retiredCallbacks);
    this.#retiredCallbacks = [];
    const site = this.#sites.get(pc) ?? this.#translate(pc);
    return site ? this.#current(site).record : 0;
  }

  /** Lets the link slot at memory address `link` lead to `record`; 0 is the jump cache, for an indirect jump to `pc`. */
  link(link: number, pc: bigint, record: number): void {
    if (link !== 0) {
      this.#memory.setUint32(link, record, true);
      return;
    }
    const entry = this.#jumpCache + Number((pc >> 1n) & BigInt(JUMP_CACHE_ENTRIES - 1)) * JUMP_CACHE_ENTRY_BYTES;
    this.#memory.setBigUint64(entry, pc, true);
    this.#memory.setUint32(entry + 8, record, true);
  }

  /** Guest address of the block whose suspended record this is. */
  pcOf(record: number): bigint {
    return this.#byRecord.get(record)!.site.block.pc;
  }

  #translate(pc: bigint): Site | undefined {
    const block = this.#codePages.whileLocked(() => {
      for (const address of [pc, pc + 2n]) {
        const host = this.#physical.locate(Number(address), 2);
        if (host >= 0) this.#codePages.mark(host);
      }
      return decodeBlock(this.#memory, this.#physical, pc);
    });
    if (!block) return undefined;
    if (this.#end - this.#free < blockBytes(block, 0)) this.flush();
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
    this.#sites.set(pc, site);
    for (const host of block.hosts) {
      const page = this.#codePages.pageOf(host);
      if (page < 0) continue;
      const sites = this.#byPage.get(page) ?? new Set();
      this.#byPage.set(page, sites.add(site));
    }
    return site;
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
        return this.#current(this.#translate(site.block.pc)!);
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
    for (const site of this.#sites.values()) this.#suspend(site.annotated ?? site.clean!);
  }

  /** Undoes all that `plugin` wanted; no other block is touched. To be called between blocks. */
  removePlugin(plugin: PluginInstance): void {
    this.#plugins = this.#plugins.filter((other) => other !== plugin);
    this.#loadNumber.delete(plugin);
    const newest = Math.max(0, ...this.#loadNumber.values());
    for (const site of this.#sites.values()) {
      if (site.wanted.delete(plugin) && site.annotated) {
        this.#retire(site.annotated);
        site.annotated = undefined;
        this.#view.droppedByPlugin++;
      }
      // Nobody is left who is still to be shown it.
      if (site.shown >= newest && (site.annotated || site.wanted.size === 0))
        this.#resume(site.annotated ?? site.clean!);
    }
    for (const [number, callback] of this.#callbacks.entries())
      if (callback?.instance === plugin) this.#callbacks[number] = undefined;
  }

  /** How many blocks carry something of `plugin`. */
  blocksOf(plugin: PluginInstance): number {
    let blocks = 0;
    for (const site of this.#sites.values()) if (site.annotated && site.wanted.has(plugin)) blocks++;
    return blocks;
  }

  /** Drops every block that has bytes on the RAM page. */
  dropPage(page: number): void {
    for (const site of this.#byPage.get(page) ?? []) {
      if (site.dropped) continue;
      site.dropped = true;
      this.#retire(site.clean!);
      if (site.annotated) this.#retire(site.annotated);
      this.#sites.delete(site.block.pc);
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
    this.#view.jumpCache.fill(0n);
    this.#view.flushes++;
    this.#view.blocks = 0;
    this.#view.annotated = 0;
    this.#view.codeBytes = 0;
  }
}
