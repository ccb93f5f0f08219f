/** Debian with systemd on a virtio disk, started as README tells. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { blocksOf } from '../docs/transcript.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { writeDebian } from './debian.ts';
import { checkExt4, readExt4 } from './disk-image.ts';
import { Guest, PATIENCE_MS, TROUBLE } from './guest.ts';
import { bootFiles } from './packages.ts';

const files = bootFiles()!;

const PROMPT = 'guest# ';
const PROGRAM =
  'my %squares = map { $_ => $_ ** 2 } 1 .. 1000; my $sum; $sum += $_ for values %squares; print "$sum\\n"';

/** The words of the line in README that starts the daemon. */
function launch(): readonly string[] {
  const text = blocksOf(readFileSync(new URL('../../README.md', import.meta.url), 'utf8'))
    .filter(({ language }) => language === 'console')
    .map((block) => block.text)
    .join('\n');
  const line = /^\$ \.\.\/server\/vivarium (.*)$/m.exec(text)![1]!;
  return Array.from(line.matchAll(/"([^"]*)"|\S+/g), ([word, quoted]) => quoted ?? word);
}

describe.skipIf(!files)('Debian', { timeout: 2 * PATIENCE_MS }, () => {
  test('boots to a login, runs programs, and powers off', async () => {
    const folder = temporaryDirectory();
    writeDebian(files, folder);
    const guest = new Guest(launch(), PROMPT, folder);
    await guest.printed('debian login: ');
    guest.write('root\n');
    await guest.printed('# ');
    // Not as one word: what is typed is printed, too.
    guest.write("exec env PS1='guest''# ' dash\n");
    await guest.asks();
    expect(await guest.type('cat /proc/1/comm; id -un; nproc')).toBe('systemd\nroot\n2');
    expect(await guest.type('dpkg -S /usr/bin/perl')).toBe('perl-base: /usr/bin/perl');
    expect(await guest.type(`perl -e '${PROGRAM}' | tee sum`)).toBe('333833500');
    expect(await guest.type('systemctl --failed --no-legend --plain')).toBe('');
    expect(await guest.type('dmesg')).not.toMatch(TROUBLE);
    expect(await guest.end('poweroff')).toBe(0);
    checkExt4(join(folder, 'disk.img'));
    expect(readExt4(join(folder, 'disk.img'), 'root/sum').toString()).toBe('333833500\n');
  });
});
