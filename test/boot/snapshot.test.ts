/** Linux that goes on from where it was saved. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { qmpClient } from '../support/daemon.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { bootLinux, PATIENCE_MS, startLinux, TROUBLE } from './guest.ts';
import { bootFiles } from './packages.ts';

const files = bootFiles()!;

describe.skipIf(!files)('Linux', { timeout: 2 * PATIENCE_MS }, () => {
  test('goes on computing from a snapshot when its daemon has been killed', async () => {
    const folder = temporaryDirectory();
    const socket = join(folder, 'qmp');
    const options = [
      ...['-smp', '2', '-snapshots', join(folder, 'snapshots'), '-qmp', `unix:${socket},server=on,wait=off`],
    ];
    const guest = await bootLinux(files, options);
    const { daemon } = guest;
    const work = 'seq 1 5000 | sha256sum';
    const expected = await guest.type(work);
    expect(expected).toMatch(/^[\da-f]{64} /);
    const rounds = (loop: string): string => `for n in $(seq 1 8); do echo ${loop}$n $(${work}); done`;
    const from = daemon.out().length;
    guest.write(`${rounds('a')} & ${rounds('b')}; wait; echo all $((6 * 7))\n`);
    await guest.printed('\nb2 ');
    const client = await qmpClient(socket);
    expect(await client.execute('human-monitor-command', { 'command-line': 'savevm working' })).toBe('');
    const printed = daemon.out().slice(from);
    daemon.child.kill('SIGKILL');
    await daemon.ended;

    const again = startLinux(files, [...options, '-loadvm', 'working']);
    const rest = await again.printed('all 42');
    await again.asks();
    expect(rest).not.toContain('Linux version');
    // What came between the snapshot and the end of the first daemon comes twice; a line may have been in the midst.
    const text = `${printed}${rest}\n${printed}\n${rest}`;
    const found = Array.from(text.matchAll(/^([ab]\d+) ([\da-f]{64}) /gm), ([, round, sum]) => ({ round, sum }));
    expect(new Set(found.map(({ round }) => round)).size).toBe(16);
    expect(new Set(found.map(({ sum }) => sum))).toEqual(new Set([expected.slice(0, 64)]));
    expect(await again.type('dmesg')).not.toMatch(TROUBLE);
    expect(await again.end('poweroff -f')).toBe(0);
  });
});
