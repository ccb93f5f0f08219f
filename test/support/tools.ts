/** Programs of the host that tests compare with or build guests by. */
import { accessSync, constants } from 'node:fs';
import { delimiter, resolve } from 'node:path';

function isOnPath(tool: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(resolve(folder, tool), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * Whether `tool` is on the PATH; for `describe.skipIf(!requireTool(...))`. Says loudly what is skipped where it is not.
 * @param tool name of the program, such as `riscv64-unknown-elf-objdump`; or where it is, as `/usr/sbin/mke2fs`, which
 * users need not have on their PATH
 * @param debianPackage where Debian has it, such as `binutils-riscv64-unknown-elf`
 * @throws Error where it is missing and the environment variable CI is set: there nothing may be skipped
 */
export function requireTool(tool: string, debianPackage: string): boolean {
  if (isOnPath(tool)) return true;
  const missing = `${tool} is not installed: it is in the Debian package ${debianPackage}`;
  if (process.env.CI) throw new Error(missing);
  console.warn(`\n*** SKIPPED *** ${missing}\n`);
  return false;
}
