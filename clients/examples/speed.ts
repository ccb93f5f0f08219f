/** Says how fast a guest runs, ten times: `node clients/examples/speed.ts [ADDRESS]`. */
import { Client } from 'vivarium/client';

const client = await Client.connect(process.argv[2] ?? 'unix:vivarium.qmp');
const { id } = await client.execute('instr-load', { path: 'icount' });
let samples = 0;
let before = 0n;
for await (const counters of await client.counters({ rate: 10, ids: [id] })) {
  const instructions = BigInt(counters[id]?.instructions ?? 0);
  if (samples > 0) console.log(`${(instructions - before) / 100_000n} million instructions a second`);
  before = instructions;
  if (samples++ === 10) break;
}
await client.execute('instr-unload', { id });
client.close();
