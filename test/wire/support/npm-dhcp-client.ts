// Runs the client of the npm package `dhcp` until it is bound, and prints what it got as one line of JSON.
import { createRequire } from 'node:module';

type Bound = { readonly address: string; readonly server: string; readonly options: Readonly<Record<string, unknown>> };
type Client = {
  on(event: 'bound', run: (state: Bound) => void): void;
  on(event: 'error', run: (error: unknown) => void): void;
  listen(port?: number, host?: string, ready?: () => void): void;
  sendDiscover(): void;
  close(): void;
};

const dhcp = createRequire(import.meta.url)('dhcp') as {
  createClient(config: { mac: string; features: string[] }): Client;
};
const client = dhcp.createClient({ mac: process.argv[2] ?? '', features: ['netmask', 'router', 'dns'] });
client.on('bound', ({ address, server, options }) => {
  console.log(JSON.stringify({ address, server, options }));
  process.exit(0);
});
client.on('error', (error) => console.error(error));
client.listen(68, '0.0.0.0', () => {
  client.sendDiscover();
  // It names the address of an offer only in its second attempt.
  setInterval(() => client.sendDiscover(), 300);
});
setTimeout(() => process.exit(1), 30_000);
