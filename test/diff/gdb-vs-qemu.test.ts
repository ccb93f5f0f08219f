/** A debugger hears from us what it hears from QEMU, packet by packet. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startDaemon } from '../support/daemon.ts';
import { GdbClient } from '../support/gdb-client.ts';
import { testFile } from '../support/guest-machine.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { requireTool } from '../support/tools.ts';

const QEMU = 'qemu-system-riscv64';
const SPIN = testFile('guests/bin/spin.elf');
/** A machine that has not begun to run, and serves debuggers at `path`. */
const options = (path: string): string[] => [
  ...['-M', 'virt', '-smp', '2', '-m', '128M', '-display', 'none', '-serial', 'none', '-monitor', 'none', '-S'],
  ...['-kernel', SPIN, '-gdb', `unix:${path},server=on,wait=off`],
];

/** Answered by both at once, whatever came before. */
const MARK = 'qqemu.sstepbits';
const MARK_REPLY = 'ENABLE=1,NOIRQ=2,NOTIMER=4';

/** The replies to `packets`, joined where there are several to one. */
async function replies(path: string, packets: readonly string[]): Promise<readonly string[]> {
  const client = await GdbClient.connect(path);
  onTestFinished(() => client.close());
  // What we offer besides is our own affair.
  await client.ask('qSupported:multiprocess+');
  const all: string[] = [];
  for (const packet of packets) {
    client.send(packet);
    if (/^(?:[cs]|vCont;[cs])/.test(packet)) {
      all.push(await client.next());
      continue;
    }
    client.send(MARK);
    const some: string[] = [];
    for (let reply = await client.next(); reply !== MARK_REPLY; reply = await client.next()) {
      if (reply === '(closed)') throw new Error(`${path} is closed after ${packet}`);
      some.push(reply);
    }
    all.push(some.join(' '));
  }
  return all;
}

const PACKETS = [
  // What is to be fetched before registers can be asked for.
  ...['qXfer:features:read:target.xml:ffff,10', 'qXfer:features:read:nosuch.xml:0,10', 'qXfer:auxv:read::0,10'],
  ...['?', 'qC', 'Hgp1.2', 'p20', 'Hgp0.0', 'Hgp1.9', 'Hg-1', 'Hcp1.-1', 'Hx1', 'H', 'Hg', 'qAttached', 'qAttached:1'],
  ...['Tp1.2', 'Tp1.3', 'T2', 'T0', 'T-1', 'Tx', 'T', 'qThreadExtraInfo,p1.2', 'vMustReplyEmpty', 'qOffsets', '!'],
  ...['g', 'p0', 'p1', 'p20', 'p21', 'p41', 'pffff', 'P1=1122334455667788', 'p1', 'P0=1122334455667788', 'p0'],
  ...['m80000000,10', 'm80000000,800', 'm80000000,801', 'm80000000,', 'm80000000', 'm0,4'],
  ...['M80100000,2:aabb', 'm80100000,4', 'M80100000,2:aa', 'M80100000,2', 'm1000,18'],
  ...['Z0,80000000,4', 'Z0,80000000,4', 'z0,80000000,4', 'z0,80000000,4', 'Z1,80000000,2', 'Z2,80000000,8'],
  ...['Z3,80000000,8', 'Z4,80000000,8', 'Z5,80000000,8', 'Z9,1,1', 'Z0,80000000', 'Z', 'Z2,80000000,0'],
  ...['z2,80000000,8', 'z3,80000000,8', 'z4,80000000,8', 'z1,80000000,2', 'z7,1,1'],
  // The boot ROM, one instruction after the other.
  ...Array.from({ length: 6 }, () => ['vCont;s:p1.1', 'g']).flat(),
  ...[
    // QEMU may say so before it has.
    'vCont;s:p1.2',
    'Hgp1.1',
    'p20',
    'Z0,80000004,4',
    'Hcp1.1',
    'vCont;c:p1.1',
    'g',
    'z0,80000004,4',
    's',
    'p20',
  ],
  ...['qqemu.Supported', 'qqemu.sstep', 'Qqemu.sstep=5', 'qqemu.sstep', 'Qqemu.sstep=99', 'Qqemu.sstep=7'],
  ...['qqemu.PhyMemMode', 'Qqemu.PhyMemMode:1', 'qqemu.PhyMemMode', 'm80000000,4', 'Qqemu.PhyMemMode:0'],
  ...['vCont?', 'vCont;c:p9.1', 'vAttach;1', 'vAttach;2', 'qRcmd,73746f70'],
];

describe.skipIf(!requireTool(QEMU, 'qemu-system-misc'))('every reply', () => {
  test('is the same', async () => {
    const directory = temporaryDirectory();
    const [ours, theirs] = [join(directory, 'ours'), join(directory, 'theirs')];
    const qemu = spawn(QEMU, [...options(theirs), '-bios', 'none'], { stdio: 'ignore' });
    onTestFinished(() => void qemu.kill('SIGKILL'));
    startDaemon(options(ours));
    const expected = await replies(theirs, PACKETS);
    const found = await replies(ours, PACKETS);
    const show = (all: readonly string[]): readonly string[] =>
      PACKETS.map((packet, index) => `${packet} → ${all[index]}`);
    expect(show(found)).toEqual(show(expected));
  });
});
