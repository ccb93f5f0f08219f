/** Worker threads in tests. */
import { Worker } from 'node:worker_threads';

/**
 * Starts a thread.
 * @param script its module
 * @param data what it finds as `workerData`
 * @param onMessage takes what it posts
 * @returns a promise of its end, rejected where it throws
 */
export function startThread(
  script: URL,
  data: unknown,
  onMessage: (message: unknown) => void = () => {},
): Promise<void> {
  const worker = new Worker(script, { workerData: data });
  worker.on('message', onMessage);
  return new Promise((resolve, reject) => {
    worker.on('error', reject);
    worker.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`thread ended with ${code}`))));
  });
}
