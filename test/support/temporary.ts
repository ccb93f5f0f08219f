/** A directory for one test. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** An empty directory that is removed when the test that calls this has finished. */
export function temporaryDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), 'vivarium-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}
