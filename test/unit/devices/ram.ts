/** Guest RAM on the workbench, at guest physical address RAM_ADDRESS, with every page that is stored to by DMA. */
import { RamDma } from '../../../core/memory/dma.ts';
import { layoutOf } from '../../../core/memory/layout.ts';

export const RAM_ADDRESS = 0x8000_0000;
export const RAM_BYTES = 1 << 20;

export interface BenchRam {
  readonly dma: RamDma;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Guest physical page of each store, in order. */
  readonly pages: number[];
}

export function benchRam(): BenchRam {
  const layout = layoutOf(1, RAM_BYTES);
  const buffer = new SharedArrayBuffer(layout.ram + RAM_BYTES);
  const pages: number[] = [];
  const dma = new RamDma(buffer, layout, RAM_ADDRESS, (place, store) => {
    pages.push(RAM_ADDRESS + Math.floor((place - layout.ram) / 4096) * 4096);
    store();
  });
  const bytes = new Uint8Array(buffer, layout.ram, RAM_BYTES);
  return { dma, bytes, view: new DataView(buffer, layout.ram, RAM_BYTES), pages };
}
