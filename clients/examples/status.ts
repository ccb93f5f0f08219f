/** Says what a daemon is doing: `node clients/examples/status.ts [ADDRESS]`. */
import { Client } from 'vivarium/client';

const client = await Client.connect(process.argv[2] ?? 'unix:vivarium.qmp');
const { package: program } = await client.execute('query-version');
const { status } = await client.execute('query-status');
const vcpus = await client.execute('query-cpus-fast');
console.log(`${program}: ${vcpus.length} vCPUs, ${status}`);
client.close();
