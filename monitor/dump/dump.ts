/** Writing the guest's memory to files: a range of it, or all of it with the registers. */
import type { AddressMapping, GuestMemory, Machine } from '../../core/machine/interface.ts';
import { CommandError, type Context } from '../command.ts';
import { coreHeader, type Piece } from './core-file.ts';

/** Bytes that are read, and written, at a time. */
const PART_BYTES = 1 << 20;

const NUMBER_BITS = 64;

/**
 * The bytes from `address` on, part by part.
 * @param read as `readPhysical` and `readVirtual` of the machine's memory
 * @throws CommandError when it comes to an address where there is no memory
 */
export function* memoryParts(
  address: bigint,
  bytes: number,
  read: (address: bigint, bytes: number) => Uint8Array | undefined,
): Generator<Uint8Array> {
  const first = BigInt.asUintN(NUMBER_BITS, address);
  for (let at = 0; at < bytes; at += PART_BYTES) {
    const part = read(first + BigInt(at), Math.min(PART_BYTES, bytes - at));
    if (part === undefined) {
      throw new CommandError(`Invalid addr 0x${first.toString(16).padStart(16, '0')}/size ${bytes} specified`);
    }
    yield part;
  }
}

export interface DumpOptions {
  readonly path: string;
  /** Show virtual addresses as the vCPUs translate them now. */
  readonly paging: boolean;
  /** Physical addresses from `begin` on, and how many; by default all. */
  readonly only?: { readonly begin: bigint; readonly bytes: bigint } | undefined;
}

/** RAM and ROM, or what of them is asked for. */
function piecesOf({ ranges }: GuestMemory, only: DumpOptions['only']): readonly Piece[] {
  return ranges
    .filter(({ kind }) => kind === 'ram' || kind === 'rom')
    .flatMap(({ start, end }) => {
      const first = only && only.begin > start ? only.begin : start;
      const last = only && only.begin + only.bytes - 1n < end ? only.begin + only.bytes - 1n : end;
      return first > last ? [] : [{ address: first, bytes: Number(last - first) + 1 }];
    });
}

function mappingsOf({ vcpus, memory }: Machine): readonly AddressMapping[] {
  const all = vcpus.flatMap(({ index }) => memory.mappings(index)?.mappings ?? []);
  const known = new Map(all.map((mapping) => [`${mapping.virtual} ${mapping.physical} ${mapping.bytes}`, mapping]));
  return [...known.values()];
}

/**
 * Writes a core file of the guest, which stands still meanwhile. Once the file is open, DUMP_COMPLETED tells of the end.
 * @throws CommandError another one is being written, there is nothing to write, or the host refused
 */
export async function dumpGuest(context: Context, { path, paging, only }: DumpOptions): Promise<void> {
  const { machine, host, dump } = context;
  if (dump.status === 'active') throw new CommandError('There is a dump in process, please wait.');
  const pieces = piecesOf(machine.memory, only);
  if (pieces.length === 0) throw new CommandError('dump: no guest memory to dump');
  const before = { ...dump };
  const wasRunning = machine.runState === 'running';
  let begun = false;
  Object.assign(dump, { status: 'active', completed: 0, total: pieces.reduce((sum, { bytes }) => sum + bytes, 0) });

  async function* parts(): AsyncGenerator<Uint8Array> {
    begun = true;
    await machine.stop();
    yield coreHeader(machine.vcpus, pieces, paging ? mappingsOf(machine) : []);
    for (const { address, bytes } of pieces) {
      for (const part of memoryParts(address, bytes, (at, length) => machine.memory.readPhysical(at, length))) {
        yield part;
        dump.completed = Number(dump.completed) + part.length;
      }
    }
  }

  const end = (status: 'completed' | 'failed', error?: string): void => {
    dump.status = status;
    context.emit({ name: 'DUMP_COMPLETED', result: { ...dump }, ...(error === undefined ? {} : { error }) });
  };
  try {
    await host.writeFile(path, parts());
    end('completed');
  } catch (error) {
    if (begun) end('failed', (error as Error).message);
    else Object.assign(dump, before);
    throw error;
  } finally {
    if (begun && wasRunning) await machine.cont();
  }
}
