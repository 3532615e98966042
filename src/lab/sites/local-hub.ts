import { createServer } from 'node:net';
import { join } from 'node:path';
import { makePrivateDir } from '../../adapters/node/files.ts';
import { systemRandom } from '../../adapters/node/random.ts';
import { openHubStore } from '../../adapters/store/hub-store.ts';
import type { Log } from '../../kernel/ports.ts';
import type { HubTx } from '../../model/fleet/hub-store.ts';
import { drawInviteCode, formatInviteCode, INVITE_RANDOM_BYTES } from '../../wire/link/invite-code.ts';
import { startHub } from '../hub-process.ts';
import type { SlipwayProcess } from '../slipway-process.ts';
import type { Invited } from './run-sites.ts';

export type LocalHub = {
  readonly url: string;
  /** Of its page and admin API. */
  readonly admin: string;
  readonly invites: readonly Invited[];
  /** Its file. */
  readonly config: string;
  readonly process: SlipwayProcess;
  /** Starts it once more on what it has written, after it was stopped. */
  again(): Promise<SlipwayProcess>;
};

/** What else is in its database from the beginning. */
export type Seed = (tx: HubTx, sites: readonly string[]) => Promise<void>;
type LocalHubOptions = { readonly workDir: string; readonly count: number; readonly seed?: Seed };

const SILENT: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const DAY_MS = 24 * 3_600_000;

/**
 * A real head office on loopback, as a process of its own, that has invited `count` sites. Its data is in `workDir`, which is new.
 * @throws AppError `lab-failed` if it does not start
 */
export async function startLocalHub({ workDir, count, seed }: LocalHubOptions): Promise<LocalHub> {
  const [linkPort, adminPort] = await Promise.all([freePort(), freePort()]);
  const url = `https://127.0.0.1:${linkPort}`;
  const invites = await inviteAll(join(workDir, 'data'), count, seed);
  const config = `hub: lab
link: { listen: "127.0.0.1:${linkPort}", url: "${url}" }
admin: { listen: "127.0.0.1:${adminPort}" }`;
  const again = () => startHub({ workDir, config });
  const admin = `http://127.0.0.1:${adminPort}`;
  return { url, admin, invites, config, process: await again(), again };
}

/** As `slipway hub invite` does, but for hundreds in one unit, before anybody answers. */
async function inviteAll(dataDir: string, count: number, seed: Seed | undefined): Promise<readonly Invited[]> {
  await makePrivateDir(dataDir);
  const store = await openHubStore(join(dataDir, 'hub.db'), { log: SILENT, onLost: () => {} });
  const now = Date.now();
  const invites = Array.from({ length: count }, (_, i) => ({
    site: `sim-${String(i + 1).padStart(5, '0')}`,
    code: drawInviteCode(systemRandom.bytes(INVITE_RANDOM_BYTES)),
  }));
  try {
    await store.work(async (tx) => {
      for (const { site, code } of invites) {
        const secret = Buffer.from(code.secret, 'latin1').toString('base64');
        const row = { name: site, createdAt: now, state: 'invited' as const, labels: { simulated: 'yes' } };
        await tx.put('sites', site, { ...row, confirmedNumber: 0, highestNumber: 0 });
        const times = { createdAt: now, expiresAt: now + DAY_MS };
        await tx.put('invites', code.id, { id: code.id, site, secret, by: 'lab', ...times });
      }
      await seed?.(
        tx,
        invites.map(({ site }) => site),
      );
    });
  } finally {
    await store.close();
  }
  return invites.map(({ site, code }) => ({ site, code: formatInviteCode(code) }));
}

/** Free now; who takes it before head office does makes that fail, and say so. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
