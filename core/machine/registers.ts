/** A vCPU's registers as the monitor sees them, read from the shared memory while the guest runs. */
import { HART_STATE_OFFSET, VcpuState } from '../hart/state.ts';
import type { Layout } from '../memory/layout.ts';
import type { View } from '../memory/struct.ts';
import { csrNumber } from '../riscv/csr/numbers.ts';
import { CSRS } from '../riscv/csr/table.ts';
import { Hart } from '../riscv/hart.ts';
import { ABI_NAMES, registerNumber } from '../riscv/registers.ts';
import type { RegisterValue, Vcpu } from './interface.ts';

/** CSRs that `info registers` prints, in QEMU's order. */
const SHOWN =
  'mhartid mstatus mip mie mideleg medeleg mtvec stvec mepc sepc mcause scause mtval stval mscratch sscratch satp'
    .split(' ')
    .filter((name) => CSRS.has(csrNumber(name)!));

export class VcpuRegisters implements Vcpu {
  readonly index: number;
  readonly #view: View<typeof VcpuState.fields>;
  readonly #hart: Hart;

  /** @param time ticks of mtime */
  constructor(buffer: SharedArrayBuffer, layout: Layout, index: number, time: () => bigint) {
    const { state } = layout.vcpus[index]!;
    this.index = index;
    this.#view = VcpuState.view(buffer, state);
    this.#hart = new Hart(buffer, state + HART_STATE_OFFSET, {
      index,
      time,
      setSupervisorTimer: () => {},
      translationChanged: () => {},
      fenceI: () => {},
      waitForInterrupt: () => {},
      trapped: () => {},
    });
  }

  get threadId(): number {
    return this.#view.threadId;
  }
  get halted(): boolean {
    return this.#view.halted === 1;
  }

  #csr(name: string): bigint | undefined {
    const number = csrNumber(name);
    return number === undefined ? undefined : CSRS.get(number)?.read(this.#hart);
  }

  controlRegisters(): readonly RegisterValue[] {
    const csrs = SHOWN.map((name) => ({ name, value: this.#csr(name)! }));
    return [{ name: 'pc', value: this.#hart.state.pc }, ...csrs];
  }

  generalRegisters(): readonly RegisterValue[] {
    return ABI_NAMES.map((name, number) => {
      const own = number < 32 ? `x${number}` : `f${number - 32}`;
      return { name: `${own}/${name}`, value: this.#general(number) };
    });
  }

  #general(number: number): bigint {
    const { x, f } = this.#hart.state;
    return number < 32 ? x[number]! : f[number - 32]!;
  }

  register(name: string): bigint | undefined {
    if (name === 'pc') return this.#hart.state.pc;
    const number = registerNumber(name);
    return number === undefined ? this.#csr(name) : this.#general(number);
  }
}
