/** The human monitor, at a terminal or in a pipe. */
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { Client } from '../client.ts';

export interface Terminal {
  readonly input: Readable & { readonly isTTY?: boolean };
  readonly output: Writable;
}

/** Runs lines, one after the other; what they print ends in LF. */
export class HumanLines {
  readonly #client: Client;
  /** The vCPU that `cpu` has chosen: the daemon has no memory of who sends a line. */
  #vcpu: number | undefined;

  constructor(client: Client) {
    this.#client = client;
  }

  async run(line: string): Promise<string> {
    const vcpu = this.#vcpu === undefined ? {} : { 'cpu-index': this.#vcpu };
    const text = await this.#client.execute('human-monitor-command', { 'command-line': line, ...vcpu });
    const chosen = /^\s*cpu\s+(\d+)\s*$/.exec(line)?.[1];
    if (chosen !== undefined && text === '') this.#vcpu = Number(chosen);
    return text.replaceAll('\r\n', '\n');
  }
}

/** Asks for lines until there are no more, or the daemon has ended. */
export async function attachConsole(client: Client, { input, output }: Terminal): Promise<void> {
  const human = new HumanLines(client);
  const lines = createInterface({ input, output, terminal: input.isTTY ?? false, prompt: '(vivarium) ' });
  const ask = (): void => {
    if (input.isTTY) lines.prompt();
  };
  const ended = client.events();
  void (async () => {
    for await (const _ of ended);
    lines.close();
  })();
  ask();
  for await (const line of lines) {
    output.write(await human.run(line));
    ask();
  }
  if (input.isTTY) output.write('\n');
}
