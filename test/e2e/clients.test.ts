/** The clients of this tree against a daemon that runs a guest: vivarium-ctl, and every example. */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { eventually, startDaemon } from '../support/daemon.ts';
import { testFile } from '../support/guest-machine.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { requireTerminal, terminal } from '../support/terminal.ts';

const CLIENTS = fileURLToPath(new URL('../../clients/', import.meta.url));
const CTL = join(CLIENTS, 'vivarium-ctl');

interface Outcome {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

/** A daemon in a directory where clients find it. */
async function serve() {
  const cwd = temporaryDirectory();
  const guest = ['-display', 'none', '-smp', '2', '-kernel', testFile('guests/bin/spin.elf')];
  const monitors = ['-qmp', 'unix:vivarium.qmp,server=on,wait=off', '-jsonrpc', 'tcp::0,url-file=url'];
  const daemon = startDaemon([...guest, ...monitors], { cwd });
  await eventually(() => existsSync(join(cwd, 'url')));
  const run = (program: string, words: readonly string[], input = ''): Promise<Outcome> =>
    new Promise((resolve) => {
      const child = execFile(program, words, { cwd }, (error, out, err) =>
        resolve({ status: error === null ? 0 : Number(error.code), out, err }),
      );
      child.stdin?.end(input);
    });
  const ctl = (line: string, input?: string): Promise<Outcome> => run(CTL, line.split(' '), input);
  const example = (name: string, address: string): Promise<Outcome> =>
    run(process.execPath, [join(CLIENTS, 'examples', name), address]);
  return { daemon, ctl, example, cwd };
}

test('vivarium-ctl: commands, one after the other, until the last', async () => {
  const { ctl, daemon } = await serve();
  const status = '{\n  "running": true,\n  "status": "running"\n}\n';
  expect(await ctl('query-status')).toEqual({ status: 0, out: status, err: '' });
  expect(await ctl('-s url query-status')).toEqual({ status: 0, out: status, err: '' });
  expect(await ctl('instr-load path=icount id=i args=["vcpu=0"]')).toMatchObject({ out: '{\n  "id": "i"\n}\n' });
  const refused = { status: 1, out: '', err: 'vivarium-ctl: Unknown library ID\n' };
  expect(await ctl('instr-unload id=nosuch')).toEqual(refused);
  expect(await ctl('-s url instr-unload id=nosuch')).toEqual(refused);
  expect(await ctl('instr-unload i')).toMatchObject({ status: 2, out: '' });
  expect(await ctl('-s nosuch stop')).toMatchObject({ status: 1, err: expect.stringContaining('nosuch: ') });
  for (const address of ['vivarium.qmp', 'url']) {
    const watched = await ctl(`-s ${address} --watch --rate 20 --count 3`);
    expect(watched.out.match(/^i {7}instructions +[\d,]+( +[\d,]+)?$/gm)).toHaveLength(3);
  }
  let events: Outcome | undefined;
  void ctl('-s url --events --count 1').then((outcome) => {
    events = outcome;
  });
  for (let n = 0; events === undefined; n++) await ctl(n % 2 === 0 ? 'stop' : 'cont');
  expect(JSON.parse(events.out)).toMatchObject({ event: expect.stringMatching(/^(STOP|RESUME)$/) });
  expect(await ctl('-s url quit')).toEqual({ status: 0, out: '{}\n', err: '' });
  expect(await daemon.ended).toBe(0);
});

test('vivarium-ctl --hmp: a line, and a console', async () => {
  const { ctl, daemon } = await serve();
  expect(await ctl('--hmp info status')).toEqual({ status: 0, out: 'VM status: running\n', err: '' });
  const typed = 'cpu 1\nprint/d $mhartid\nstop\ninfo status\nquit\n';
  expect((await ctl('--hmp', typed)).out).toBe('1\nVM status: paused\n');
  expect(await daemon.ended).toBe(0);
});

describe.skipIf(!requireTerminal())('on a terminal', () => {
  test('--hmp asks for lines, and remembers them', async () => {
    const { cwd, daemon } = await serve();
    const { type, press, shows } = terminal(`'${CTL}' --hmp`, cwd);
    await shows('(vivarium)');
    type('info status\r');
    await shows('VM status: running');
    type('stop\r');
    press('Up', 'Up', 'Enter');
    await shows('VM status: paused');
    type('quit\r');
    await shows(/^status 0$/m);
    await shows(/^echo$/m);
    expect(await daemon.ended).toBe(0);
  });

  test('--watch draws over what it has shown', async () => {
    const { cwd, ctl } = await serve();
    const { screen, shows } = terminal(`'${CTL}' -s url --rate 20 --watch`, cwd);
    await shows('No plugin that counts is loaded.');
    await ctl('instr-load path=icount id=i');
    await shows(/^i +instructions +[\d,]+ +[\d,]+$/m);
    await ctl('instr-unload id=i');
    await shows('No plugin that counts is loaded.');
    await eventually(() => !screen().includes('instructions'));
  });
});

/** What each example prints. */
const EXAMPLES: Readonly<Record<string, RegExp>> = {
  'status.ts': /^Vivarium [\d.]+: 2 vCPUs, running\n$/,
  'hottest.ts': /^(0x8[\da-f]{7} {2}\d+ times {2}\w.*\n)+$/,
  'speed.ts': /^(\d+ million instructions a second\n){10}$/,
};

test.each(readdirSync(join(CLIENTS, 'examples')).filter((name) => name !== 'follow.ts'))('example %s', async (name) => {
  const { ctl, example } = await serve();
  for (const address of ['unix:vivarium.qmp', 'url']) {
    const { status, out, err } = await example(name, address);
    expect({ status, err }).toEqual({ status: 0, err: '' });
    expect(out).toMatch(EXAMPLES[name]!);
  }
  expect((await ctl('query-instr')).out).toBe('[]\n');
});

test('example follow.ts sees one daemon after the other', async () => {
  const { ctl, daemon, cwd } = await serve();
  const follower = startDaemon(['unix:vivarium.qmp'], {
    cwd,
    command: [process.execPath, join(CLIENTS, 'examples/follow.ts')],
  });
  await follower.printed('connected\n');
  await ctl('stop');
  await follower.printed(' STOP \n');
  await ctl('quit');
  await follower.printed('connection lost\n');
  expect(await daemon.ended).toBe(0);
  startDaemon(['-display', 'none', '-S', '-qmp', 'unix:vivarium.qmp,server=on,wait=off'], { cwd });
  await follower.printed('connected anew\n');
  await ctl('cont');
  await follower.printed(' RESUME \n');
});
