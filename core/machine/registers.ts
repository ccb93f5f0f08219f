/** A vCPU's registers as the monitor sees them, read from the shared memory while the guest runs. */
import { HART_STATE_OFFSET, VcpuState } from '../hart/state.ts';
import type { Layout } from '../memory/layout.ts';
import type { View } from '../memory/struct.ts';
import { csrNumber } from '../riscv/csr/numbers.ts';
import { CSRS } from '../riscv/csr/table.ts';
import { Hart } from '../riscv/hart.ts';
import { readRegister } from '../riscv/named-registers.ts';
import { ABI_NAMES } from '../riscv/registers.ts';
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

  controlRegisters(): readonly RegisterValue[] {
    return ['pc', ...SHOWN].map((name) => ({ name, value: this.register(name)! }));
  }

  generalRegisters(): readonly RegisterValue[] {
    return ABI_NAMES.map((name, number) => {
      const own = number < 32 ? `x${number}` : `f${number - 32}`;
      return { name: `${own}/${name}`, value: this.register(own)! };
    });
  }

  register(name: string): bigint | undefined {
    return readRegister(this.#hart, name);
  }
}
