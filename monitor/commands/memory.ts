/** Writing what the guest's memory holds to files. */
import { bool, INT64, int, intOf, optional, str, struct } from '../../schema/build.ts';
import { DumpGuestMemoryCapability, DumpGuestMemoryFormat, DumpQueryResult } from '../../schema/types/dump.ts';
import { CommandError, command } from '../command.ts';
import { dumpGuest, memoryParts } from '../dump/dump.ts';

const filename = str('The file, which is written anew.');
const size = intOf([0, Number.MAX_SAFE_INTEGER], 'Bytes of memory.');

export const memsave = command('memsave', {
  doc: 'Writes memory to a file, by virtual address. The guest runs on, and may change what is being written.',
  args: struct('MemsaveArguments', {
    val: int('The virtual address.'),
    size,
    filename,
    'cpu-index': optional(intOf(INT64, 'The vCPU that translates the address, by default the first.')),
  }),
  example: {
    request:
      '{"execute": "memsave", "arguments": {"val": 18446744071562067968, "size": 100, "filename": "virtual.bin"}}',
    reply: '{"return": {}}',
  },
  run: async ({ machine, host }, { val, size: bytes, filename: path, 'cpu-index': index = 0 }) => {
    if (machine.vcpus[Number(index)] === undefined) {
      throw new CommandError("Parameter 'cpu-index' expects a CPU number");
    }
    const read = (at: bigint, length: number) => machine.memory.readVirtual(Number(index), at, length);
    await host.writeFile(path, memoryParts(BigInt(val), Number(bytes), read));
    return {};
  },
});

export const pmemsave = command('pmemsave', {
  doc: 'Writes memory to a file, by physical address. The guest runs on, and may change what is being written.',
  args: struct('PmemsaveArguments', { val: int('The physical address.'), size, filename }),
  example: {
    request: '{"execute": "pmemsave", "arguments": {"val": 2147483648, "size": 100, "filename": "physical.bin"}}',
    reply: '{"return": {}}',
  },
  run: async ({ machine, host }, { val, size: bytes, filename: path }) => {
    const read = (at: bigint, length: number) => machine.memory.readPhysical(at, length);
    await host.writeFile(path, memoryParts(BigInt(val), Number(bytes), read));
    return {};
  },
});

export const dumpGuestMemory = command('dump-guest-memory', {
  doc: 'Writes a core file of all RAM and ROM with the registers of every vCPU, for gdb. The guest stands still meanwhile.',
  args: struct('DumpGuestMemoryArguments', {
    paging: bool('Show virtual addresses, as the vCPUs translate them now, besides physical ones.'),
    protocol: str('`file:` and the path of the file.'),
    detach: optional(bool('Return at once; DUMP_COMPLETED tells of the end.')),
    begin: optional(int('Physical address from which on to write; with `length`.')),
    length: optional(int('Bytes from there on; with `begin`.')),
    format: optional(DumpGuestMemoryFormat),
  }),
  example: {
    request: '{"execute": "dump-guest-memory", "arguments": {"paging": false, "protocol": "file:guest.core"}}',
    reply: '{"return": {}}',
  },
  run: async (context, { paging, protocol, detach = false, begin, length }) => {
    if (begin === undefined && length !== undefined) throw new CommandError("Parameter 'begin' is missing");
    if (begin !== undefined && length === undefined) throw new CommandError("Parameter 'length' is missing");
    const [, scheme, path] = /^(file|fd):(.*)$/s.exec(protocol) ?? [];
    if (path === undefined) throw new CommandError("Invalid parameter 'protocol'");
    if (scheme === 'fd') throw new CommandError(`File descriptor named '${path}' has not been found`);
    const only = begin === undefined ? undefined : { begin: BigInt(begin), bytes: BigInt(length!) };
    const written = dumpGuest(context, { path, paging, only });
    // Of what goes wrong later, DUMP_COMPLETED tells.
    if (detach) written.catch(() => {});
    else await written;
    return {};
  },
});

export const queryDump = command('query-dump', {
  doc: 'How far the last dump of memory has come.',
  returns: DumpQueryResult,
  example: {
    request: '{"execute": "query-dump"}',
    reply: '{"return": {"status": "none", "completed": 0, "total": 0}}',
  },
  run: ({ dump }) => ({ ...dump }),
});

export const queryDumpGuestMemoryCapability = command('query-dump-guest-memory-capability', {
  doc: 'The formats of `dump-guest-memory`.',
  returns: DumpGuestMemoryCapability,
  example: { request: '{"execute": "query-dump-guest-memory-capability"}', reply: '{"return": {"formats": ["elf"]}}' },
  run: () => ({ formats: ['elf'] as const }),
});

export const memoryCommands = [memsave, pmemsave, dumpGuestMemory, queryDump, queryDumpGuestMemoryCapability];
