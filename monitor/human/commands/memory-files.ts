/** Writing guest memory to files. */
import { human } from '../../command.ts';
import { dumpGuestMemory, memsave, pmemsave } from '../../commands/memory.ts';

export const memoryFileCommands = [
  human('memsave', {
    params: 'addr size file',
    doc: "save 'size' bytes from virtual address 'addr' on to a file",
    args: [
      { name: 'val', kind: 'long' },
      { name: 'size', kind: 'integer' },
      { name: 'filename', kind: 'word' },
    ],
    run: async ({ context, vcpu }, { val, size, filename }) =>
      void (await memsave.run(context, { val, size, filename, 'cpu-index': vcpu })),
  }),

  human('pmemsave', {
    params: 'addr size file',
    doc: "save 'size' bytes from physical address 'addr' on to a file",
    args: [
      { name: 'val', kind: 'long' },
      { name: 'size', kind: 'integer' },
      { name: 'filename', kind: 'word' },
    ],
    run: async ({ context }, { val, size, filename }) => void (await pmemsave.run(context, { val, size, filename })),
  }),

  human('dump-guest-memory', {
    params: '[-p] [-d] filename',
    doc: 'write a core file of the guest (-p: with virtual addresses; -d: return at once)',
    args: [
      { name: 'p', kind: 'flag' },
      { name: 'd', kind: 'flag' },
      { name: 'filename', kind: 'word' },
    ],
    run: async ({ context }, { p: paging, d: detach, filename }) =>
      void (await dumpGuestMemory.run(context, { paging, detach, protocol: `file:${filename}` })),
  }),
];
