/** Where debuggers are served: on one character device, one debugger after the other; a monitor may choose another one. */
import { CommandError } from '../monitor/command.ts';
import type { ByteStream } from '../monitor/stream.ts';
import { Chardev, type ChardevEnvironment } from './chardev/chardev.ts';
import type { FrontEnd } from './chardev/front-end.ts';
import { type GdbSpec, parseGdb } from './config/gdb.ts';
import { UsageError } from './errors.ts';

interface Served {
  readonly chardev: Chardev;
  /** It is there for debuggers alone, and goes with them. */
  readonly own: boolean;
}

export class GdbServer {
  readonly #chardevs: ReadonlyMap<string, Chardev>;
  readonly #environment: ChardevEnvironment;
  readonly #frontEnd: FrontEnd;
  #served: Served | undefined;
  /** Settles when what was asked for last is done. Never rejects. */
  #last: Promise<unknown> = Promise.resolve();

  /**
   * @param chardevs those of the command line, by id
   * @param serve begins a session on a stream that ends with its debugger
   */
  constructor(
    chardevs: ReadonlyMap<string, Chardev>,
    environment: ChardevEnvironment,
    serve: (stream: ByteStream) => void,
  ) {
    this.#chardevs = chardevs;
    this.#environment = environment;
    this.#frontEnd = { kind: 'debugger', attach: serve };
  }

  /**
   * Serves debuggers where the command line says. The device has been opened.
   * @throws UsageError it has another front end
   */
  connect({ chardev: id, own, option }: GdbSpec): void {
    const chardev = this.#chardevs.get(id)!;
    chardev.connect(this.#frontEnd, option);
    this.#served = { chardev, own };
  }

  /**
   * Serves debuggers on another device, and no more on the one so far.
   * @param device as `-gdb` takes it; `none` for nowhere
   * @throws CommandError it cannot be had: nothing has changed
   */
  use(device: string): Promise<void> {
    const result = this.#last.then(() => this.#use(device));
    this.#last = result.catch(() => {});
    return result;
  }

  async #use(device: string): Promise<void> {
    const next = await this.#open(device).catch((error: unknown) => {
      if (!(error instanceof UsageError)) throw error;
      throw new CommandError(`Could not open gdbserver on device '${device}': ${error.message}`);
    });
    await this.#stop();
    this.#served = next;
    next?.chardev.start();
  }

  /** @throws UsageError */
  async #open(device: string): Promise<Served | undefined> {
    const parsed = parseGdb(device, device);
    if (parsed === undefined) return undefined;
    if (typeof parsed === 'string') {
      const chardev = this.#chardevs.get(parsed);
      if (chardev === undefined || chardev.spec.mux)
        throw new UsageError(`no such character device, or one with mux=on`);
      if (chardev !== this.#served?.chardev) chardev.connect(this.#frontEnd, device);
      return { chardev, own: false };
    }
    const { backend } = parsed;
    // Nobody waits here for the first debugger.
    const spec = { ...parsed, backend: backend.type === 'socket' ? { ...backend, wait: false } : backend };
    const chardev = new Chardev(spec, this.#environment);
    await chardev.open();
    chardev.connect(this.#frontEnd, device);
    return { chardev, own: true };
  }

  async #stop(): Promise<void> {
    const served = this.#served;
    this.#served = undefined;
    if (served?.own) await served.chardev.close();
    else await served?.chardev.disconnect(this.#frontEnd);
  }

  /** Ends the debugger that is served, once it has received what has been sent. */
  close(): Promise<void> {
    return this.#stop();
  }

  /** The same in no time, for the end of a process that has failed. */
  abandon(): void {
    this.#served?.chardev.abandon();
  }
}
