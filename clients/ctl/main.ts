/** `vivarium-ctl`: one command, a console, or a table of counters, of a daemon that runs. */
import { Client, type Commands } from '../client.ts';
import { CommandError, ConnectionError } from '../errors.ts';
import { writeJson } from '../json.ts';
import { parseArguments } from './arguments.ts';
import { attachConsole, HumanLines } from './console.ts';
import { helpText, parseOptions, type Request, UsageError } from './options.ts';
import { counterTable, redrawn, type Sample } from './watch.ts';

const print = (text: string): void => void process.stdout.write(text);

async function runCommand(client: Client, [name, ...words]: readonly string[]): Promise<void> {
  const args = parseArguments(words);
  // What it may be given, the daemon says.
  const result = await client.execute(name as 'query-status', args as Commands['query-status']['arguments']);
  print(`${writeJson(result, 2)}\n`);
}

async function watch(client: Client, { words, rate, count }: Request): Promise<void> {
  const show = process.stdout.isTTY ? redrawn : (text: string): string => `${text}\n`;
  let left = count;
  let before: Sample | undefined;
  for await (const counters of await client.counters({ rate, ...(words.length === 0 ? {} : { ids: words }) })) {
    const sample = { counters, at: performance.now() };
    print(show(counterTable(sample, before)));
    before = sample;
    if (--left === 0) return;
  }
}

async function printEvents(client: Client, { count }: Request): Promise<void> {
  let left = count;
  for await (const event of client.events()) {
    print(`${writeJson(event)}\n`);
    if (--left === 0) return;
  }
}

async function run(request: Request): Promise<void> {
  const { mode, address, words } = request;
  if (mode === 'help') return print(helpText());
  const client = await Client.connect(address).catch((error: Error) => {
    throw new ConnectionError(`${address}: ${error.message}`);
  });
  try {
    if (mode === 'command') await runCommand(client, words);
    else if (mode === 'watch') await watch(client, request);
    else if (mode === 'events') await printEvents(client, request);
    else if (words.length > 0) print(await new HumanLines(client).run(words.join(' ')));
    else await attachConsole(client, { input: process.stdin, output: process.stdout });
  } finally {
    client.close();
  }
}

// Who reads no more, as `head` does, has seen enough.
process.stdout.on('error', () => process.exit());
try {
  await run(parseOptions(process.argv.slice(2), process.env));
} catch (error) {
  const expected = [CommandError, ConnectionError, UsageError].some((type) => error instanceof type);
  if (!expected) throw error;
  process.stderr.write(`vivarium-ctl: ${(error as Error).message}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
