/**
 * Debian's base system as a folder. Packages are unpacked and known to dpkg, as after the first stage of debootstrap; the
 * second one (`dpkg --configure -a`) is the guest's, and need not have happened for a login.
 */
import { appendFileSync, cpSync, globSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { run } from './apt.ts';

/** Packages, with all that they depend on: no udev, for nothing that is waited for comes and goes. */
export const BASE_SYSTEM = ['?essential', 'systemd-sysv', 'login', 'passwd', 'mount'];

const DPKG = 'var/lib/dpkg';
const INFO = join(DPKG, 'info');
/**
 * Units that wait for what does not come without udev, that load modules, of which the disk has none, or that work long for
 * what nobody reads here.
 */
const MASKED = [
  'getty-static',
  'ldconfig',
  'serial-getty@ttyS0',
  'systemd-hwdb-update',
  'systemd-journal-catalog-update',
  'systemd-modules-load',
];
/** How long units may take to start: on a machine that has other things to do, all is slow. */
const PATIENCE = '15min';

/** Unpacks an archive, and enters it into dpkg's database (deb-control(5); "Package database" of dpkg's manual). */
function unpack(archive: string, root: string): void {
  const files = run('dpkg-deb', ['-X', archive, root]).replaceAll(/^\.(.*?)\/?$/gm, (_, path) => path || '/.');
  const control = join(root, 'control');
  run('dpkg-deb', ['-e', archive, control]);
  const fields = readFileSync(join(control, 'control'), 'utf8').trimEnd();
  const field = (name: string): string => new RegExp(`^${name}: (.*)`, 'm').exec(fields)?.[1] ?? '';
  const name = field('Multi-Arch') === 'same' ? `${field('Package')}:${field('Architecture')}` : field('Package');
  for (const file of globSync(join(control, '*')))
    if (!/^(control|conffiles)$/.test(basename(file))) cpSync(file, join(root, INFO, `${name}.${basename(file)}`));
  rmSync(control, { recursive: true });
  writeFileSync(join(root, INFO, `${name}.list`), files);
  appendFileSync(join(root, DPKG, 'status'), `${fields}\nStatus: install ok unpacked\n\n`);
}

/** Unpacks all archives of a folder. */
export function unpackSystem(archives: string, root: string): void {
  mkdirSync(join(root, INFO), { recursive: true });
  mkdirSync(join(root, DPKG, 'updates'));
  writeFileSync(join(root, INFO, 'format'), '1\n');
  for (const archive of globSync(join(archives, '*.deb'))) unpack(archive, root);
}

/** Sets up what a login needs: root may log in without a password, on the console. */
export function setUp(root: string): void {
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  const units = 'etc/systemd/system';
  const masters = join(root, 'usr/share/base-passwd');
  write('etc/passwd', readFileSync(join(masters, 'passwd.master'), 'utf8').replace(/^root:[^:]*:/m, 'root::'));
  cpSync(join(masters, 'group.master'), join(root, 'etc/group'));
  for (const kind of ['account', 'session', 'password'])
    write(`etc/pam.d/common-${kind}`, `${kind} required pam_unix.so\n`);
  write('etc/pam.d/common-auth', 'auth required pam_unix.so nullok\n');
  write('etc/hostname', 'debian\n');
  // Empty: systemd makes one. Were there none, it would ask questions, as on a machine that is new.
  write('etc/machine-id', '');
  write('etc/systemd/system.conf.d/patience.conf', `[Manager]\nDefaultTimeoutStartSec=${PATIENCE}\n`);
  symlinkSync('mawk', join(root, 'usr/bin/awk'));
  mkdirSync(join(root, units, 'getty.target.wants'), { recursive: true });
  symlinkSync(
    '/usr/lib/systemd/system/console-getty.service',
    join(root, units, 'getty.target.wants/console-getty.service'),
  );
  for (const unit of MASKED) symlinkSync('/dev/null', join(root, units, `${unit}.service`));
}
