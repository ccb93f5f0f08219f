/**
 * Prints what happens to a guest, over and over again as its daemon is started and ended:
 * `node clients/examples/follow.ts [ADDRESS]`.
 */
import { Client } from 'vivarium/client';

const client = await Client.connect(process.argv[2] ?? 'unix:vivarium.qmp', {
  reconnect: true,
  lost: () => console.log('connection lost'),
  reconnected: () => console.log('connected anew'),
});
console.log('connected');
for await (const { event, timestamp, data } of client.events()) {
  const time = new Date(timestamp.seconds * 1000).toISOString();
  console.log(time, event, event === 'INSTR_ERROR' ? `${data.id}: ${data.message}` : '');
}
