/** Random command lines: the human monitor must print what QEMU's prints. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { newSession, runLine } from '../../monitor/human/run.ts';
import { FakeMachine } from '../support/fakes/fake-machine.ts';
import { Random, SEED } from '../support/random.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { requireTool } from '../support/tools.ts';
import { daemon } from '../unit/monitor/session.ts';

const QEMU = 'qemu-system-riscv64';
const LINES = 1500;
const RAM_START = 0x8000_0000n;
const RAM_BYTES = 4096;

/** What QEMU's human monitor prints for each line, where `ram` stands at the start of RAM. */
function underQemu(lines: readonly string[], ram: Uint8Array): string[] {
  const file = join(temporaryDirectory(), 'ram');
  writeFileSync(file, ram);
  const requests = [
    { execute: 'qmp_capabilities' },
    ...lines.map((line) => ({ execute: 'human-monitor-command', arguments: { 'command-line': line } })),
    { execute: 'quit' },
  ];
  const loader = `loader,file=${file},addr=${RAM_START},force-raw=on`;
  const options = ['-M', 'virt', '-m', '64M', '-display', 'none', '-nodefaults', '-bios', 'none', '-S'];
  const { stdout, stderr } = spawnSync(QEMU, [...options, '-device', loader, '-qmp', 'stdio'], {
    input: requests.map((request) => JSON.stringify(request)).join('\n'),
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  const replies = stdout.split('\r\n').filter((line) => line.startsWith('{"return": "'));
  expect(replies.length, stderr).toBe(lines.length);
  return replies.map((reply) => JSON.parse(reply).return);
}

const OPERATORS = ['+', '-', '*', '/', '%', '&', '|', '^'];

function number(random: Random): string {
  const value = random.chance(80) ? BigInt(random.below(100)) : random.double() >> BigInt(random.below(64));
  return random.pick([`${value}`, `0x${value.toString(16)}`, `0${value.toString(8)}`]);
}

function expression(random: Random, depth = 0): string {
  if (depth > 4 || random.chance(20)) return number(random);
  const operand = (): string => expression(random, depth + 1);
  if (random.chance(20)) return `${random.pick(['-', '~', '+'])}${operand()}`;
  if (random.chance(20)) return `(${operand()})`;
  const space = random.pick(['', ' ']);
  return `${operand()}${space}${random.pick(OPERATORS)}${space}${operand()}`;
}

/** `text` with a character more, or less. */
function damaged(random: Random, text: string): string {
  const at = random.below(text.length);
  return text.slice(0, at) + random.pick(['', ...'0189xg()+*~$. ']) + text.slice(at + random.below(2));
}

function line(random: Random): string {
  const value = expression(random);
  const format = `${random.below(20)}${random.pick([...'xduoc'])}${random.pick(['', ...'bhwg'])}`;
  const address = `0x${(RAM_START + BigInt(random.below(RAM_BYTES - 200))).toString(16)}`;
  const choices = [
    `p ${value}`,
    `print/${random.pick([...'xduoc'])} ${value}`,
    `p/c ${random.below(300)}`,
    `p/${damaged(random, 'x')} 5`,
    `xp/${format} ${address}`,
    `x /${format} ${address}`,
    `xp/${damaged(random, format).replaceAll(/\d+/g, '3')} ${address}`,
    `sum ${random.below(0x1000) & ~0xfff} 0`,
    `cpu ${value}`,
    random.pick(['stop x', 's x', 'c/x', 'info status x', 'info cpus -a', 'info registers -x', 'info registers 7']),
    random.pick(['info nosuch', 'nosuch x', 'trace-event', 'trace-event x maybe', 'info mtree -z', '"stop"', ' ']),
    random.pick(['info kvm', 'info status', 'info history', 'stop', 'info name']),
  ];
  const chosen = random.pick(choices);
  return random.chance(10) && chosen.startsWith('p ') ? damaged(random, chosen) : chosen;
}

console.log(`random command lines: SEED=${SEED}`);

describe.skipIf(!requireTool(QEMU, 'qemu-system-misc'))(`random command lines under QEMU, SEED=${SEED}`, () => {
  it('print the same', async () => {
    const random = new Random(SEED);
    const ram = Uint8Array.from({ length: RAM_BYTES }, () => random.below(256));
    const lines = Array.from({ length: LINES }, () => line(random));

    const machine = new FakeMachine({ smp: 1, runState: 'prelaunch' });
    machine.memory.writePhysical(RAM_START, ram);
    const session = newSession({ ...daemon(machine).context, name: undefined });
    const printed: string[] = [];
    for (const each of lines) printed.push(await runLine(session, each));

    const expected = underQemu(lines, ram);
    const different = lines.findIndex((_, n) => printed[n] !== expected[n]);
    if (different >= 0) expect(printed[different], lines[different]).toBe(expected[different]);
  });
});
