/**
 * Runs before each test file: keeps what Node makes of the sources, for this process and for all threads and daemons that
 * it starts. Each of them imports dozens of modules.
 */
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('../../node_modules/.cache/vivarium', import.meta.url));
enableCompileCache(process.env.NODE_COMPILE_CACHE);
