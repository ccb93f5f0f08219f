/** The character devices of the daemon, and what monitors may do with them while it runs. */
import { CommandError } from '../../monitor/command.ts';
import type { Chardevs, Ring } from '../../monitor/host.ts';
import type { ChardevBackend } from '../../schema/types/chardev.ts';
import { KeyValues } from '../config/key-values.ts';
import { UsageError } from '../errors.ts';
import { Chardev, type ChardevEnvironment } from './chardev.ts';
import { BACKENDS, type ChardevSpec, fromValues } from './spec.ts';

/** The items of `-chardev` that say the same. */
function valuesOf({ type, data }: ChardevBackend): KeyValues {
  switch (type) {
    case 'file':
      return new KeyValues([
        ['path', data.out],
        ['append', data.append ? 'on' : 'off'],
      ]);
    case 'socket': {
      const { addr, server = true } = data;
      const address: [string, string][] =
        addr.type === 'fd' ? [['fd', addr.data.str]] : Object.entries(addr.data).map(([key, value]) => [key, value]);
      return new KeyValues([
        ...address,
        ['server', server ? 'on' : 'off'],
        ...(server ? [['wait', 'off'] as const] : []),
      ]);
    }
    case 'ringbuf':
      return new KeyValues(data.size === undefined ? [] : [['size', String(data.size)]]);
    default:
      return new KeyValues([]);
  }
}

export class ChardevSet implements Chardevs {
  readonly backends = BACKENDS;
  readonly #chardevs: Map<string, Chardev>;
  readonly #environment: ChardevEnvironment;

  /** @param chardevs by id; devices are added and taken away */
  constructor(chardevs: Map<string, Chardev>, environment: ChardevEnvironment) {
    this.#chardevs = chardevs;
    this.#environment = environment;
  }

  async add(id: string, backend: ChardevBackend) {
    if (this.#chardevs.has(id)) throw new CommandError(`Chardev with id '${id}' already exists`);
    return this.#open(id, backend);
  }

  async change(id: string, backend: ChardevBackend) {
    const old = this.#chardevs.get(id);
    if (old === undefined) throw new CommandError(`Chardev '${id}' does not exist`);
    if (old.spec.mux) throw new CommandError('Mux device hotswap not supported yet');
    if (old.frontEnds.some(({ kind }) => kind !== 'serial')) {
      throw new CommandError('Chardev user does not support chardev hotswap');
    }
    const result = await this.#open(id, backend);
    const next = this.#chardevs.get(id)!;
    for (const frontEnd of [...old.frontEnds]) {
      await old.disconnect(frontEnd);
      next.connect(frontEnd, next.spec.option);
    }
    await old.close();
    next.start();
    return result;
  }

  async #open(id: string, backend: ChardevBackend): Promise<{ pty?: string }> {
    try {
      const spec: ChardevSpec = fromValues(id, 'chardev', backend.type, valuesOf(backend));
      const chardev = new Chardev(spec, this.#environment);
      await chardev.open();
      this.#chardevs.set(id, chardev);
      chardev.start();
      return chardev.pty === undefined ? {} : { pty: chardev.pty };
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      throw new CommandError(`Failed to add chardev '${id}': ${error.message.replace(/^chardev: /, '')}`);
    }
  }

  async remove(id: string): Promise<void> {
    const chardev = this.#chardevs.get(id);
    if (chardev === undefined) throw new CommandError(`Chardev '${id}' not found`);
    if (chardev.frontEnds.length > 0) throw new CommandError(`Chardev '${id}' is busy`);
    this.#chardevs.delete(id);
    await chardev.close();
  }

  ring(id: string): Ring {
    const chardev = this.#chardevs.get(id);
    if (chardev === undefined) throw new CommandError(`Device '${id}' not found`);
    if (chardev.ring === undefined) throw new CommandError(`${id} is not a ringbuf device`);
    return chardev.ring;
  }

  get sockets(): readonly string[] {
    return [...this.#chardevs].filter(([, { spec }]) => spec.backend.type === 'socket').map(([id]) => id);
  }

  cut(ids: readonly string[]): void {
    const { sockets } = this;
    if (ids.some((id) => !sockets.includes(id))) throw new CommandError('Instance not found', 'DeviceNotFound');
    for (const id of ids) this.#chardevs.get(id)!.cut();
  }
}
