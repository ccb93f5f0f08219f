import { describe, expect, it } from 'vitest';
import { complete } from '../../../../monitor/human/complete.ts';
import { newSession } from '../../../../monitor/human/run.ts';
import { FakeMachine } from '../../../support/fakes/fake-machine.ts';
import { daemon } from '../session.ts';

async function completions(line: string): Promise<[string[], string]> {
  const { context } = daemon(new FakeMachine({ smp: 12 }));
  await context.machine.instrumentation.load('insn');
  await context.machine.instrumentation.load('insn', { id: 'mine' });
  return complete(newSession(context), line);
}

describe('TAB', () => {
  it.each([
    ['sto', ['stop', 'stopcapture'], 'sto'],
    ['  cont', ['cont '], 'cont'],
    ['in', ['info', 'instr-load', 'instr-unload'], 'in'],
    ['info', ['info '], 'info'],
    ['info tr', ['trace-events '], 'tr'],
    ['info  ne', ['network '], 'ne'],
    ['info trace-events ex', ['exec_tb', 'exec_tb_exit'], 'ex'],
    ['info registers -', ['-a '], '-'],
    ['info registers 1', ['1', '10', '11'], '1'],
    ['info registers -a 1', ['1', '10', '11'], '1'],
    ['info registers 1 ', [], ''],
    ['cpu 3', ['3 '], '3'],
    ['help con', ['cont '], 'con'],
    ['device_del ', ['net0 '], ''],
    [
      'qom-get /machine/per',
      [
        '/machine/peripheral',
        '/machine/peripheral-anon',
        '/machine/peripheral-anon/device[0]',
        '/machine/peripheral/net0',
      ],
      '/machine/per',
    ],
    ['info block d', ['d0', 'd1'], 'd'],
    ['? info sta', ['info status '], 'info sta'],
    ['instr-load ', ['hotblocks', 'insn'], ''],
    ['instr-load h', ['hotblocks '], 'h'],
    ['instr-load hotblocks i', [], 'i'],
    ['instr-unload ', ['lib0', 'mine'], ''],
    ['instr-unload m', ['mine '], 'm'],
    ['trace-event ris', ['riscv_trap '], 'ris'],
    ['trace-event riscv_trap o', ['off', 'on'], 'o'],
    ['trace-event riscv_trap of', ['off '], 'of'],
    ['p $sp', ['$sp '], '$sp'],
    ['x/10i $p', ['$pc '], '$p'],
    ['x /10i 8*($mepc+$mt', ['$mtval', '$mtvec'], '$mt'],
    ['stop $s', [], '$s'],
    ['stop x', [], 'x'],
    ['nosuch x', [], ''],
    ['info nosuch x', [], ''],
  ])('behind %j', async (line, candidates, prefix) => {
    expect(await completions(line)).toEqual([candidates, prefix]);
  });

  it('knows every command and register', async () => {
    const [commands] = await completions('');
    expect(commands).toContain('info');
    expect(commands).toContain('q');
    expect(commands).not.toContain('info cpus');
    const [registers] = await completions('p 1+$');
    expect(registers).toHaveLength(64 + 16);
    expect(registers).toContain('$x31');
  });
});
