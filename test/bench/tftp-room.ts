// The TFTP server of a site by itself, over the site's own store of files: whatever lies in a folder is served by its name.
// usage: node test/bench/tftp-room.ts ADDRESS FOLDER WORK-FOLDER
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../src/adapters/node/clock.ts';
import { systemRandom } from '../../src/adapters/node/random.ts';
import { createUdpPort } from '../../src/adapters/node/udp.ts';
import type { Digest } from '../../src/kernel/digest.ts';
import { parseIpv4 } from '../../src/kernel/ipv4.ts';
import type { Log } from '../../src/kernel/ports.ts';
import { createContentStore } from '../../src/site/content/store.ts';
import { createTftpServer } from '../../src/site/tftp/server.ts';

const [address = '', folder = '', dataDir = ''] = process.argv.slice(2);
const quiet = () => undefined;
const complain = (_fields: unknown, sentence: string) => process.stderr.write(`${sentence}\n`);
const log: Log = { debug: quiet, info: quiet, warn: complain, error: complain };

const content = await createContentStore({ settings: { dataDir }, clock: systemClock, random: systemRandom, log });
const digests = new Map<string, Digest>();
for (const name of await readdir(folder)) {
  const path = join(folder, name);
  const digest = createHash('sha256')
    .update(await readFile(path))
    .digest('hex') as Digest;
  await content.ensure({ digest, name, sources: [{ kind: 'file', path }] });
  digests.set(name, digest);
}
const server = createTftpServer({
  udp: createUdpPort(log),
  clock: systemClock,
  log,
  files: {
    find: async (name) => {
      const digest = digests.get(name);
      return digest && content.open(digest);
    },
  },
  onTransfer: quiet,
  settings: { addresses: [parseIpv4(address) ?? fail()], port: 69 },
});
await server.start();

function fail(): never {
  throw new Error(`${address} is no address`);
}
