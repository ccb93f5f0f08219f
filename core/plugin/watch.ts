/** Told when code of a plugin's begins to run and when it has come back, or thrown. */
export interface Watch {
  /** @param plugin its number, see `PluginBinding` */
  enter(plugin: number): void;
  leave(): void;
}

/** Nobody looks. */
export const UNWATCHED: Watch = { enter() {}, leave() {} };

/** Runs something of plugin number `plugin`, and may throw what that throws. */
export function watched<T>(watch: Watch, plugin: number, run: () => T): T {
  watch.enter(plugin);
  try {
    return run();
  } finally {
    watch.leave();
  }
}
