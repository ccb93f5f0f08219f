/** Finds out where a guest spends its time, and leaves no trace: `node clients/examples/hottest.ts [ADDRESS]`. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'vivarium/client';

interface Block {
  readonly pc: number | bigint;
  readonly count: number | bigint;
  readonly first: string;
}

const client = await Client.connect(process.argv[2] ?? 'unix:vivarium.qmp');
const { id } = await client.execute('instr-load', { path: 'hotblocks', args: ['limit=5'] });
try {
  await sleep(1000);
  const plugins = await client.execute('query-instr');
  const blocks = plugins.find((plugin) => plugin.id === id)?.report as readonly Block[];
  for (const { pc, count, first } of blocks) console.log(`0x${pc.toString(16)}  ${count} times  ${first}`);
} finally {
  await client.execute('instr-unload', { id });
  client.close();
}
