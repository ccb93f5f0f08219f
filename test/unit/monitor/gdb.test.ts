/** Debuggers on a machine that holds still. */
import { describe, expect, it } from 'vitest';
import { serveGdb } from '../../../monitor/gdb/serve.ts';
import { DOCUMENTS } from '../../../monitor/gdb/target.ts';
import { framed, PACKET_BYTES_MAX } from '../../../monitor/gdb/wire.ts';
import { FakeMachine } from '../../support/fakes/fake-machine.ts';
import { FakeStream } from '../../support/fakes/fake-stream.ts';
import { Random, SEED } from '../../support/random.ts';
import { daemon } from './session.ts';

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
const hex = (text: string): string => Buffer.from(text).toString('hex');

/** A debugger that has just come. */
async function debuggerOn(machine = new FakeMachine()) {
  const { context, quits } = daemon(machine);
  const { listeners } = machine;
  const stream = new FakeStream();
  serveGdb(stream, context);
  await stream.answer();
  /** Sends a packet. @returns the replies, without acknowledgements and framing, joined by spaces */
  async function ask(data: string): Promise<string> {
    const answer = await stream.ask(framed(data));
    expect(answer[0], data).toBe('+');
    return Array.from(answer.slice(1).matchAll(/\$([^#]*)#../g), ([, reply]) => reply).join(' ');
  }
  const exchange = async (...packets: string[]): Promise<string[]> => {
    const replies: string[] = [];
    for (const packet of packets) replies.push(await ask(packet));
    return replies;
  };
  return { machine, stream, ask, exchange, quits, listeners };
}

describe('the wire', () => {
  it('acknowledges packets, and asks again for those that were damaged', async () => {
    const { stream } = await debuggerOn();
    expect(await stream.ask('$qC#b4')).toBe('+$QC01#f5');
    expect(await stream.ask('$qC#b5')).toBe('-');
    expect(await stream.ask('$qC#xy')).toBe('-');
    expect(await stream.ask('noise$qC#b4more')).toBe('+$QC01#f5');
    expect(await stream.ask('+')).toBe('');
    expect(await stream.ask('-')).toBe('$QC01#f5');
    // A packet that begins anew where another one had not ended.
    expect(await stream.ask('$qSup$qC#b4')).toBe('+$QC01#f5');
  });

  it('takes packets in pieces, and several at once', async () => {
    const { stream } = await debuggerOn();
    for (const piece of ['$', 'q', 'C', '#', 'b']) expect(await stream.ask(piece)).toBe('');
    expect(await stream.ask('4')).toBe('+$QC01#f5');
    expect(await stream.ask('$qC#b4$!#21')).toBe('++$QC01#f5$OK#9a');
  });

  it('leaves acknowledgements out where both agree', async () => {
    const { stream } = await debuggerOn();
    expect(await stream.ask(framed('QStartNoAckMode'))).toBe('+$OK#9a');
    expect(await stream.ask('+')).toBe('');
    expect(await stream.ask('$qC#b4')).toBe('$QC01#f5');
    expect(await stream.ask('$qC#00')).toBe('');
    expect(await stream.ask('-')).toBe('');
  });

  it('refuses packets that are too long, and goes on', async () => {
    const { ask } = await debuggerOn();
    const header = 'X80000000,0:';
    expect(await ask(header + 'a'.repeat(PACKET_BYTES_MAX - header.length))).toBe('E22');
    expect(await ask(header + 'a'.repeat(PACKET_BYTES_MAX))).toBe('E22');
    expect(await ask(header + '#'.repeat(9 * PACKET_BYTES_MAX))).toBe('E22');
    expect(await ask('qC')).toBe('QC01');
  });

  it('says nothing to what it does not know', async () => {
    const { exchange } = await debuggerOn();
    const packets = ['', 'vMustReplyEmpty', 'qSymbol::', 'qTStatus', 'qOffsets', 'R00', 'y', 'b', 'qqemu.nosuch'];
    expect(await exchange(...packets)).toEqual(packets.map(() => ''));
  });
});

describe('a session', () => {
  it('begins as gdb begins it', async () => {
    const { exchange, machine } = await debuggerOn();
    expect(machine.runState).toBe('paused');
    expect(
      await exchange(
        'qSupported:multiprocess+;swbreak+;hwbreak+;xmlRegisters=i386',
        'Hgp0.0',
        '?',
        'qC',
        'qfThreadInfo',
        'qsThreadInfo',
        'qThreadExtraInfo,p1.2',
        'qAttached:1',
        'Hc-1',
        'vCont?',
      ),
    ).toEqual([
      'PacketSize=1000;qXfer:features:read+;vContSupported+;multiprocess+;QStartNoAckMode+',
      'OK',
      'T05thread:p01.01;',
      'QCp01.01',
      'mp01.01,p01.02',
      'l',
      hex('CPU#1 [running]'),
      '1',
      'OK',
      'vCont;c;C;s;S',
    ]);
  });

  it('tells what registers there are, in pieces', async () => {
    const { ask } = await debuggerOn();
    for (const [name, document] of DOCUMENTS) {
      let text = '';
      for (let reply = 'm'; reply[0] === 'm'; ) {
        reply = await ask(`qXfer:features:read:${name}:${text.length.toString(16)},3f`);
        expect(reply).toMatch(/^[ml]/);
        text += reply.slice(1);
      }
      expect(text).toBe(document);
    }
    expect(DOCUMENTS.get('riscv-64bit-cpu.xml')).toContain('<reg name="pc" bitsize="64" type="code_ptr" regnum="32"/>');
    expect(DOCUMENTS.get('riscv-csr.xml')).toContain('<reg name="mstatus" bitsize="64" type="int" regnum="834"/>');
    expect(await ask('qXfer:features:read:nosuch.xml:0,10')).toBe('E00');
    expect(await ask('qXfer:features:read:target.xml:ffff,10')).toBe('E00');
    expect(await ask('qXfer:auxv:read::0,10')).toBe('');
  });

  it('chooses threads', async () => {
    const { exchange } = await debuggerOn();
    await exchange('qSupported:multiprocess+');
    expect(await exchange('Tp1.1', 'Tp1.2', 'Tp1.3', 'T2', 'Tp2.1', 'T-1', 'Tx', 'T')).toEqual([
      'OK',
      'OK',
      'E22',
      'OK',
      'E22',
      'E22',
      'E22',
      'E22',
    ]);
    expect(await exchange('Hgp1.2', 'p20', 'qC', 'Hg0', 'p20', 'Hgp1.-1', 'Hgp1.9', 'Hx1', 'H')).toEqual([
      'OK',
      '0400008000000000',
      'QCp01.02',
      'OK',
      '0000008000000000',
      'OK',
      'E22',
      'E22',
      'E22',
    ]);
    expect(await exchange('qThreadExtraInfo,p1.-1', 'qThreadExtraInfo,p1.3')).toEqual(['E22', 'E22']);
  });

  it('reads and writes registers', async () => {
    const { exchange, machine } = await debuggerOn();
    const [all = ''] = await exchange('g');
    expect(all).toHaveLength(33 * 16);
    expect(all.slice(0, 48)).toBe('0000000000000000' + '0001000000000000' + '0002000000000000');
    expect(all.slice(-16)).toBe('0000008000000000');
    expect(await exchange('p1', 'p20', 'p41', 'p342', 'pffff', 'p', 'px')).toEqual([
      '0001000000000000',
      '0000008000000000',
      '0300000000000000',
      '0000000000000000',
      'E14',
      'E22',
      'E22',
    ]);
    expect(await exchange('P1=8877665544332211', 'P20=0000000080ffffff', 'P0=0100000000000000')).toEqual([
      'OK',
      'OK',
      'OK',
    ]);
    expect(machine.vcpus[0]!.register('ra')).toBe(0x1122334455667788n);
    expect(machine.vcpus[0]!.register('pc')).toBe(0xffffff8000000000n);
    expect(machine.vcpus[0]!.register('zero')).toBe(0n);
    expect(await exchange('P1=88', 'P1', 'P1=zz', 'Pffff=0000000000000000', 'P')).toEqual([
      'E22',
      'E22',
      'E22',
      'E14',
      'E22',
    ]);
    const others = all.replace(/^.{48}/, '000000000000000001000000000000000300000000000000');
    expect(await exchange(`G${others}`, 'G00', `G${others}00`, 'G')).toEqual(['OK', 'E22', 'E22', 'OK']);
    expect([machine.vcpus[0]!.register('ra'), machine.vcpus[0]!.register('sp')]).toEqual([1n, 3n]);
  });

  it('reads and writes memory, by virtual and physical addresses', async () => {
    const { exchange, machine } = await debuggerOn();
    expect(await exchange('m80000000,4', 'mffffffff80000001,4', 'm80000000,0', 'm0,4', 'mx,4', 'm80000000')).toEqual([
      '00010203',
      '01020304',
      '',
      'E14',
      'E22',
      'E22',
    ]);
    expect((await exchange('m80000000,800'))[0]).toHaveLength(4096);
    expect(await exchange('m80000000,801', 'm80000000,-1')).toEqual(['E22', 'E22']);
    expect(await exchange('Mffffffff80000002,2:aabb', 'X80000010,0:', 'X80000010,5:a#$*}')).toEqual(['OK', 'OK', 'OK']);
    expect(machine.memory.readPhysical(0x80000002n, 2)).toEqual(Uint8Array.of(0xaa, 0xbb));
    expect(latin1(machine.memory.readPhysical(0x80000010n, 5)!)).toBe('a#$*}');
    expect(await exchange('M0,1:00', 'M80000000,2:00', 'M80000000,1:zz', 'M80000000,1', 'X80000000,2:a')).toEqual([
      'E14',
      'E22',
      'E22',
      'E22',
      'E22',
    ]);
    expect(
      await exchange(
        'qqemu.PhyMemMode',
        'Qqemu.PhyMemMode:1',
        'qqemu.PhyMemMode',
        'mffffffff80000000,4',
        'm80000000,2',
        'Qqemu.PhyMemMode:0',
        'mffffffff80000000,1',
        'Qqemu.PhyMemMode',
      ),
    ).toEqual(['0', 'OK', '1', 'E14', '0001', 'OK', '00', 'E22']);
  });

  it('sets and removes points', async () => {
    const { exchange, machine } = await debuggerOn();
    const set = ['Z0,80000000,4', 'Z0,80000000,4', 'Z1,80000000,2', 'Z1,80000004,4', 'Z2,10,8', 'Z3,20,4', 'Z4,30,1'];
    expect(await exchange(...set)).toEqual(set.map(() => 'OK'));
    expect(machine.debug.points).toEqual({
      breakpoints: [0x80000000n, 0x80000004n],
      watchpoints: [
        { kind: 'write', address: 0x10n, bytes: 8 },
        { kind: 'read', address: 0x20n, bytes: 4 },
        { kind: 'access', address: 0x30n, bytes: 1 },
      ],
    });
    // Both kinds of breakpoint are there at one address.
    expect(await exchange('z0,80000000,4', 'z2,10,8', 'z2,10,8')).toEqual(['OK', 'OK', 'OK']);
    expect(machine.debug.points.breakpoints).toEqual([0x80000000n, 0x80000004n]);
    expect(await exchange('z1,80000000,2')).toEqual(['OK']);
    expect(machine.debug.points.breakpoints).toEqual([0x80000004n]);
    expect(
      await exchange('Z5,10,1', 'z9,10,1', 'Z', 'Z0,x,1', 'Z0,1', 'Z2,1,0', 'Z2,1,fffffffff', 'Z0,1,2;X1,0'),
    ).toEqual(['', '', 'E22', 'E22', 'E22', 'E22', 'E22', 'E22']);
    expect(await exchange('?')).toEqual(['T05thread:01;']);
    expect(machine.debug.points).toEqual({ breakpoints: [], watchpoints: [] });
  });

  it('runs, and tells why it has stopped', async () => {
    const { ask, machine, stream } = await debuggerOn();
    await ask('qSupported:multiprocess+');
    const stopped = async (): Promise<string> => (await stream.answer()).replace(/^\$(.*)#..$/, '$1');
    /** Lets it run, and what then is done about it. */
    const run = async (packet: string, then: () => unknown): Promise<string> => {
      expect(await ask(packet), packet).toBe('');
      const answer = stopped();
      await then();
      return answer;
    };
    const { debug } = machine;
    expect(await run('vCont;c:p1.-1', () => debug.stopAs({ vcpu: 1, reason: 'breakpoint' }))).toBe('T05thread:p01.02;');
    expect(await ask('qC')).toBe('QCp01.02');
    expect(await run('vCont;s:p1.2', () => debug.stopAs({ vcpu: 1, reason: 'step' }))).toBe('T05thread:p01.02;');
    expect(await run('vCont;S05:p1.1;c', () => debug.stopAs({ vcpu: 0, reason: 'step' }))).toBe('T05thread:p01.01;');
    for (const [kind, name] of [
      ['write', 'watch'],
      ['read', 'rwatch'],
      ['access', 'awatch'],
    ] as const) {
      const watchpoint = { kind, address: 0x8000_0000n, bytes: 8 };
      const stop = { vcpu: 0, reason: 'watchpoint', watchpoint, address: 0x8000_0004n } as const;
      expect(await run('c', () => debug.stopAs(stop))).toBe(`T05thread:p01.01;${name}:80000004;`);
    }
    expect(await run('c', () => stream.type('\x03'))).toBe('T02thread:p01.01;');
    expect(await run('C05', () => machine.stop())).toBe('T02thread:p01.01;');
    expect(await run('s', () => debug.stopAs({ vcpu: 0, reason: 'step' }))).toBe('T05thread:p01.01;');
    expect(await run('S05;90000000', () => debug.stopAs({ vcpu: 0, reason: 'step' }))).toBe('T05thread:p01.01;');
    expect(machine.vcpus[0]!.register('pc')).toBe(0x90000000n);
    await ask('Qqemu.sstep=1');
    expect(await run('vCont;s:2', () => debug.stopAs({ vcpu: 1, reason: 'step' }))).toBe('T05thread:p01.02;');
    expect(debug.resumes).toEqual([
      'run,run',
      'stay,step',
      'step,run',
      ...['run,run', 'run,run', 'run,run', 'run,run', 'run,run'],
      'step,run',
      'step,run',
      'stay,step-or-interrupt',
    ]);
    for (const packet of ['vCont', 'vCont;', 'vCont;x', 'vCont;c:p9.1', 'vCont;c:p1.9', 'Cxx', 'cx', 'bs', 'bc'])
      expect(await ask(packet), packet).toBe('E22');
    expect(machine.runState).toBe('debug');
  });

  it('looks at a guest that somebody else has let run', async () => {
    const { ask, machine } = await debuggerOn();
    await machine.cont();
    expect(await ask('qC')).toBe('QC01');
    expect(machine.runState).toBe('paused');
    expect(await ask('c')).toBe('');
    // A packet in place of Ctrl-C is answered behind the stop.
    expect(await ask('qC')).toBe('T02thread:01; QC01');
  });

  it('runs commands of the human monitor', async () => {
    const { ask } = await debuggerOn();
    expect(await ask(`qRcmd,${hex('info status')}`)).toBe(`O${hex('VM status: paused\r\n')} OK`);
    expect(await ask(`qRcmd,${hex('info name')}`)).toBe(`O${hex('vivarium\r\n')} OK`);
    expect(await ask(`qRcmd,${hex('stop')}`)).toBe('OK');
    await ask('Hg2');
    expect(await ask(`qRcmd,${hex('p $pc')}`)).toBe(`O${hex('0x80000004\r\n')} OK`);
    const long = await ask(`qRcmd,${hex('info registers -a')}`);
    expect(long).toMatch(/^O[\da-f]{4000,} O[\da-f]+ OK$/);
    expect(Buffer.from(long.replace(/O([\da-f]+) /g, '$1').replace('OK', ''), 'hex').toString()).toMatch(
      /^\r\nCPU#0\r\n.*\r\nCPU#1\r\n/s,
    );
    expect([await ask('qRcmd,'), await ask('qRcmd,zz'), await ask('qRcmd')]).toEqual(['E22', 'E22', 'E22']);
  });

  it("knows QEMU's own packets", async () => {
    const { exchange } = await debuggerOn();
    expect(
      await exchange(
        'qqemu.Supported',
        'qqemu.sstepbits',
        'qqemu.sstep',
        'Qqemu.sstep=3',
        'qqemu.sstep',
        'Qqemu.sstep=8',
      ),
    ).toEqual(['sstepbits;sstep;PhyMemMode', 'ENABLE=1,NOIRQ=2,NOTIMER=4', '0x7', 'OK', '0x3', 'E22']);
  });
});

describe('the end', () => {
  it('of a session by detaching leaves a guest that runs, with nothing of it', async () => {
    const { exchange, machine, stream, listeners: before } = await debuggerOn();
    await exchange('Z0,80000000,4');
    expect(await exchange('D;2', 'Dx', 'D')).toEqual(['E22', 'E22', 'OK']);
    expect(machine.debug.points).toEqual({ breakpoints: [], watchpoints: [] });
    expect(machine.runState).toBe('running');
    stream.close();
    expect([machine.runState, machine.listeners]).toEqual(['running', before]);
  });

  it('of a connection leaves the guest as it is, without points', async () => {
    const { exchange, machine, stream, listeners: before } = await debuggerOn();
    await exchange('Z2,80000000,4', 'c');
    expect(machine.runState).toBe('running');
    stream.close();
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(machine.debug.points).toEqual({ breakpoints: [], watchpoints: [] });
    expect([machine.runState, machine.listeners]).toEqual(['running', before]);
  });

  it('of the guest is told with its exit status', async () => {
    const { ask, machine, stream } = await debuggerOn();
    await ask('qSupported:multiprocess+');
    await ask('c');
    const answer = stream.answer();
    machine.runState = 'shutdown';
    machine.emit({ name: 'SHUTDOWN', guest: true, reason: 'guest-panic', exitCode: 42 });
    expect(await answer).toMatch(/^\$W2a;process:1#..$/);
    expect(await ask('c')).toBe('W00;process:1');
    expect(await ask('D')).toBe('OK');
  });

  it.each([
    ['k', ''],
    ['vKill;1', 'OK'],
  ])('of the machine is what %s asks for', async (packet, reply) => {
    const { ask, machine, quits } = await debuggerOn();
    expect(await ask(packet)).toBe(reply);
    expect([machine.runState, quits]).toEqual(['shutdown', ['quit']]);
  });

  it('is for the next debugger a beginning', async () => {
    const machine = new FakeMachine();
    for (let round = 0; round < 3; round++) {
      const { exchange, stream } = await debuggerOn(machine);
      expect(machine.runState).toBe('paused');
      expect(await exchange('?', 'QStartNoAckMode')).toEqual(['T05thread:01;', 'OK']);
      stream.type(framed('D'));
      await stream.answer();
      stream.close();
      expect(machine.runState).toBe('running');
    }
  });
});

describe(`damaged packets, SEED=${SEED}`, () => {
  const PACKETS = 20_000;
  // Those that end the machine are left out.
  const TEMPLATES = [
    ...['qSupported:multiprocess+;xmlRegisters=i386', '?', 'qC', 'qfThreadInfo', 'qsThreadInfo', 'qAttached:1'],
    ...['qThreadExtraInfo,p1.2', 'Hgp1.2', 'Hc-1', 'Tp1.2', 'g', 'p342', 'P1=1122334455667788', 'vCont?', '!'],
    ...['qXfer:features:read:target.xml:0,ffb', 'qXfer:features:read:riscv-csr.xml:100,40', 'm80000000,40'],
    ...['M80000000,4:11223344', 'X80000000,4:abcd', 'Z0,80000000,4', 'z0,80000000,4', 'Z2,80000000,8', 'Z4,80001000,1'],
    ...['vCont;c', 'vCont;s:p1.1', 'vCont;s:p1.2;c:p1.-1', 'c', 's', 'C05', 'S05;80000000', 'D;1', 'vAttach;1'],
    ...[`qRcmd,${hex('info registers')}`, `qRcmd,${hex('p $pc')}`, 'qqemu.sstepbits', 'Qqemu.sstep=7'],
    ...[
      'Qqemu.PhyMemMode:1',
      'qqemu.PhyMemMode',
      'vMustReplyEmpty',
      'QStartNoAckMode',
      'qSymbol::',
      `G${'00'.repeat(264)}`,
    ],
  ];

  function damaged(random: Random, text: string): string {
    const bytes = [...text];
    for (let changes = random.below(4); changes > 0; changes--) {
      const at = random.below(bytes.length + 1);
      const character = random.chance(30)
        ? String.fromCharCode(random.below(256))
        : random.pick([...'0189afpTZ,;:.=-#$}*+']);
      bytes.splice(at, random.below(3), ...(random.chance(70) ? [character] : []));
    }
    return random.chance(2) ? bytes.join('').repeat(random.below(200)) : bytes.join('');
  }

  it('neither end the session nor let it hang', async () => {
    console.log(`damaged packets: SEED=${SEED}`);
    const random = new Random(SEED);
    const { machine, stream, quits } = await debuggerOn();
    for (let count = 0; count < PACKETS; count++) {
      const packet = damaged(random, random.pick(TEMPLATES));
      if (/^(?:k|vKill)/.test(packet)) continue;
      const onWire = Buffer.from(latin1(framed(packet)), 'latin1');
      // Now and then the frame is damaged too.
      if (random.chance(5)) onWire[random.below(onWire.length)] = random.below(256);
      stream.type(onWire);
      if (random.chance(10)) await stream.answer();
      if (random.chance(2)) machine.debug.stopAs({ vcpu: random.below(2), reason: 'step' });
      if (count % 1000 !== 999) continue;
      // What is unfinished ends; and whatever mode it is in, it still answers.
      stream.type('#00$#00+');
      stream.sent = '';
      stream.type(framed('qC'));
      await expect
        .poll(() => stream.sent, { message: `after ${count + 1} packets` })
        .toMatch(/\$QC(?:p01\.)?0[12]#[\da-f]{2}$/);
    }
    expect([stream.closed, quits]).toEqual([false, []]);
  });
});
