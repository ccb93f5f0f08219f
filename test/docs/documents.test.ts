/** What README and the other documents show works as it stands there. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { parseOptions } from '../../server/options.ts';
import { QmpClient } from '../support/qmp-client.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { blocksOf, exchangesOf, isAsPromised } from './transcript.ts';

const ROOT = join(import.meta.dirname, '../..');
const VIVARIUM = join(ROOT, 'server/vivarium');
const DOCUMENTS = [
  'README.md',
  ...readdirSync(join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];
const textOf = (name: string): string => readFileSync(join(ROOT, name), 'utf8');
const PATIENCE = { timeout: 20_000, interval: 100 };

interface Daemon {
  readonly directory: string;
  readonly socket: string;
}

/** The guest of our own on two vCPUs, in a directory that has the plugins of `document`. */
function startDaemon(document: string): Daemon {
  const directory = temporaryDirectory();
  for (const { language, text } of blocksOf(textOf(document))) {
    const name = language === 'ts' ? /plugin\('(\w+)'/.exec(text)?.[1] : undefined;
    if (name !== undefined) writeFileSync(join(directory, `${name}.ts`), text);
  }
  const child: ChildProcess = spawn(
    VIVARIUM,
    [
      ...['-smp', '2', '-display', 'none', '-snapshots', 'kept'],
      ...['-qmp', 'unix:vivarium.qmp,server=on,wait=off', '-jsonrpc', 'tcp::0,url-file=vivarium.url'],
    ],
    { cwd: directory, stdio: 'ignore' },
  );
  const ended = once(child, 'exit');
  onTestFinished(async () => {
    child.kill();
    await ended;
  });
  return { directory, socket: join(directory, 'vivarium.qmp') };
}

/** Says each line until the answer is the one that is promised: a guest takes a moment until there is something to show. */
async function replay(exchanges: ReturnType<typeof exchangesOf>, answer: (said: string) => Promise<string>) {
  for (const { said, expected } of exchanges) {
    const repeatable = /^(info|x|p|print|help) |query-/.test(said);
    const check = async (): Promise<void> => {
      const actual = await answer(said);
      expect(isAsPromised(actual, expected), `${said}\n${actual}\n--- promised:\n${expected}`).toBe(true);
    };
    if (repeatable) await vi.waitFor(check, PATIENCE);
    else await check();
  }
}

interface Session {
  readonly document: string;
  /** Position among those of its document, from 1. */
  readonly number: number;
  readonly text: string;
}

const sessions = (language: string): readonly Session[] =>
  DOCUMENTS.flatMap((document) =>
    blocksOf(textOf(document))
      .filter((block) => block.language === language)
      .map(({ text }, index) => ({ document, number: index + 1, text })),
  );

it.each(sessions('hmp'))('$document: session $number of the human monitor', async ({ document, text }) => {
  const client = await QmpClient.connect(startDaemon(document).socket);
  await replay(exchangesOf(text, '(vivarium) '), async (said) =>
    String(await client.execute('human-monitor-command', { 'command-line': said })),
  );
});

it.each(sessions('qmp'))('$document: QMP session $number', async ({ document, text }) => {
  const client = await QmpClient.connect(startDaemon(document).socket);
  const running = async () => expect(await client.execute('query-status')).toMatchObject({ status: 'running' });
  await vi.waitFor(running, PATIENCE);
  const before = client.events.length;
  // The client has negotiated already, and tells events apart from replies.
  const [, ...exchanges] = exchangesOf(text, '-> ');
  const received = exchanges.map(({ said, expected }) => {
    const lines = expected.split('\n').map((line) => line.replace(/^<- /, ''));
    return { said, expected: lines.filter((line) => !line.startsWith('{"timestamp"')).join('\n') };
  });
  await replay(received, async (said) => {
    const { execute, arguments: args } = JSON.parse(said);
    return JSON.stringify({ return: await client.execute(execute, args) }).replace(/(?<=[:,])(?=\S)/g, ' ');
  });
  const promised = Array.from(text.matchAll(/"event": "(\w+)"/g), ([, event]) => event);
  expect(client.events.slice(before).map(({ event }) => event)).toEqual(promised);
});

/** Commands of the shell, one a line. */
const commands = sessions('sh').flatMap(({ document, text }) =>
  text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => ({ document, line })),
);
const scripts = commands.filter(({ line }) => line.startsWith('npm '));
const launches = commands.filter(({ line }) => line.startsWith('server/vivarium '));

it.each(scripts)('$document: `$line` is a script of the package', ({ line }) => {
  expect(Object.keys(packageJson.scripts)).toContain(/^npm (?:run )?(?:--silent )?(\w+)/.exec(line)?.[1]);
});

it.each(launches)('$document: `$line` is understood, and runs to its end', ({ line }) => {
  const request = parseOptions(/^\S+ (.*?)(?: &|;.*)?$/.exec(line)![1]!.split(' '));
  if ('config' in request && request.config.kernel !== undefined)
    expect(existsSync(join(ROOT, request.config.kernel)), request.config.kernel).toBe(true);
  // What goes to the background is the daemon of a session, which is replayed.
  if (line.endsWith('&')) return;
  const { status, stderr } = spawnSync('bash', ['-c', line], { cwd: ROOT, encoding: 'utf8', stdio: 'pipe', input: '' });
  expect(stderr).toBe('');
  expect(status).toBe(0);
});

/** What is said to a daemon: it finds one in its folder, and all of a document find the same. */
const clients = DOCUMENTS.map((document) => ({
  document,
  lines: commands.filter(({ document: of, line }) => of === document && /^(?:node )?clients\//.test(line)),
})).filter(({ lines }) => lines.length > 0);

it.each(clients)('$document: its clients do what they are told', async ({ document, lines }) => {
  const { directory } = startDaemon(document);
  await vi.waitFor(() => existsSync(join(directory, 'vivarium.url')) || Promise.reject(), PATIENCE);
  for (const { line } of lines) {
    const command = line.replace('clients/', `'${ROOT}'/clients/`).replace(/^node/, `'${process.execPath}'`);
    const { status, stderr } = spawnSync('bash', ['-c', command], { cwd: directory, encoding: 'utf8' });
    expect({ status, stderr }, line).toEqual({ status: 0, stderr: '' });
  }
});

const programs = sessions('ts').filter(({ text }) => text.includes("from 'vivarium/client'"));

it.each(programs)('$document: program $number is an example', ({ text }) => {
  const folder = join(ROOT, 'clients/examples');
  const examples = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
  expect(examples.filter((example) => example.includes(text))).toHaveLength(1);
});

it.each(DOCUMENTS)('%s links to files that are there', (document) => {
  const links = Array.from(textOf(document).matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g), ([, target]) => target!);
  const missing = links.filter(
    (target) => !/^https?:/.test(target) && !existsSync(join(ROOT, dirname(document), target)),
  );
  expect(missing).toEqual([]);
});

it.each(DOCUMENTS)('%s names files and folders that are there', (document) => {
  const paths = Array.from(
    textOf(document).matchAll(/`((?:core|monitor|server|schema|clients|test|docs)\/[\w./-]*[\w/])`/g),
    ([, path]) => path!,
  );
  const missing = paths.filter(
    (path) => !path.includes('NAME') && !existsSync(join(ROOT, path)) && !existsSync(join(ROOT, `${path}.ts`)),
  );
  expect(missing).toEqual([]);
});
