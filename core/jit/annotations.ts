/** What the plugins of one vCPU want of its sites. */
import type { PluginInstance } from '../plugin/instance.ts';
import type { ProbeRequest } from '../plugin/probe.ts';
import { type Callback, Callbacks } from './callbacks.ts';
import { blockInfo } from './decode-block.ts';
import { inOrder, type PlacedProbe } from './script.ts';
import type { Site } from './variant.ts';

export class Annotations {
  #plugins: PluginInstance[] = [];
  /** How many plugins have been loaded so far: that is also the number of the last one. */
  #loads = 0;
  readonly #number = new Map<PluginInstance, number>();
  readonly #callbacks = new Callbacks();

  /** From here on every site has to be shown to `plugin`. */
  add(plugin: PluginInstance): void {
    this.#plugins.push(plugin);
    this.#loads++;
    this.#number.set(plugin, this.#loads);
  }

  /** No site is shown to `plugin` any more, and nothing of its is called, not even by the block in progress. */
  remove(plugin: PluginInstance): void {
    this.#plugins = this.#plugins.filter((other) => other !== plugin);
    this.#number.delete(plugin);
    this.#callbacks.removePlugin(plugin);
  }

  /** Shows the site to every plugin that has not seen it. @returns whether one of them wants something */
  show(site: Site): boolean {
    if (site.shown === this.#loads) return false;
    let changed = false;
    for (const plugin of this.#plugins) {
      if (this.#number.get(plugin)! <= site.shown) continue;
      const wanted = plugin.translate(blockInfo(site.block));
      if (wanted.length === 0) continue;
      site.wanted.set(plugin, wanted);
      changed = true;
    }
    site.shown = this.#loads;
    return changed;
  }

  /** What is to be woven into the site: what all plugins want of it, in order. */
  place(site: Site): readonly PlacedProbe[] {
    const { instructions } = blockInfo(site.block);
    const owner = new Map<ProbeRequest, PluginInstance>();
    for (const [plugin, wanted] of site.wanted) for (const request of wanted) owner.set(request, plugin);
    return inOrder([...owner.keys()]).map((request): PlacedProbe => {
      if (!request.callback) return { request, callback: -1 };
      const callback = this.#callbacks.add({
        instance: owner.get(request)!,
        instruction: instructions[request.index]!,
        run: request.callback,
      });
      return { request, callback };
    });
  }

  /** The callback with this number; undefined once its block or its plugin is gone. */
  callback(number: number): Callback | undefined {
    return this.#callbacks.at(number);
  }

  /** No block that calls these numbers will be entered again. */
  retire(callbacks: readonly number[]): void {
    this.#callbacks.retire(callbacks);
  }

  /** No block is in progress: numbers of callbacks that are retired may be used again. */
  release(): void {
    this.#callbacks.release();
  }

  /** There are no sites any more. */
  clear(): void {
    this.#callbacks.clear();
  }
}
