import { join } from 'node:path';
import { packageFile } from '../adapters/node/package-file.ts';
import { type Argv, run } from './command.ts';
import { startHub } from './hub-process.ts';
import { createBridge, createHost, type Host } from './network.ts';
import { configText, type SlipwayProcess } from './slipway-process.ts';

const LAUNCHER = packageFile('bin/slipway.js');
const HUB_ADDRESS = '198.51.100.10';
const STORE_ADDRESS = '198.51.100.2';
const LINK_URL = `https://${HUB_ADDRESS}:8443`;

/** Head office on a host of its own, behind a cable that can be cut. */
export type HeadOffice = {
  readonly hub: SlipwayProcess;
  readonly url: string;
  /** The file with the key that signs revisions; the hub has its public half alone. */
  readonly keyFile: string;
  /** Runs a command of the central team to its end; the answer is what it printed. */
  ask(...argv: string[]): Promise<string>;
  /** Takes the WAN away, without a word to either side, or gives it back. */
  wan(state: 'cut' | 'healed'): Promise<void>;
  close(): Promise<void>;
};

/** Runs a `slipway` command to its end and gives what it printed. Rejects with what it said if it fails. */
export function slipway(...argv: string[]): Promise<string> {
  return run([process.execPath, LAUNCHER, ...argv]);
}

/**
 * Makes a WAN with head office at its far end, with a release key of its own. Must run inside a namespace.
 * @throws AppError `lab-failed`
 */
export async function startHeadOffice(workDir: string): Promise<HeadOffice> {
  const keyFile = join(workDir, 'release.key');
  const keySet = join(workDir, 'release-keys.json');
  await slipway('template', 'keys', 'new', '--key', keyFile, '--set', keySet, '--comment', 'demo');
  await createBridge('wan0', `${STORE_ADDRESS}/24`);
  const host = await createHost('hub', 'wan0', { address: `${HUB_ADDRESS}/24` });
  try {
    const hub = await startHub({
      workDir: join(workDir, 'hub'),
      config: hubFile(keySet),
      on: (argv) => host.argv(...argv),
    });
    return office(host, hub, keyFile);
  } catch (error) {
    await host.close();
    throw error;
  }
}

function office(host: Host, hub: SlipwayProcess, keyFile: string): HeadOffice {
  return {
    hub,
    url: LINK_URL,
    keyFile,
    ask: (...argv) => slipway(...argv, '--socket', hub.socket),
    wan: async (state) => {
      const argv: Argv = ['ip', 'link', 'set', `h-${host.name}`, state === 'cut' ? 'down' : 'up'];
      await run(argv);
    },
    close: async () => {
      await hub.stop();
      await host.close();
    },
  };
}

function hubFile(releaseKeys: string): string {
  return configText({
    hub: 'demo-head-office',
    link: { listen: `${HUB_ADDRESS}:8443`, url: LINK_URL },
    admin: { listen: '127.0.0.1:8440' },
    releaseKeys: [releaseKeys],
  });
}
