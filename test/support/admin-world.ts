import { systemRandom } from '../../src/adapters/node/random.ts';
import { openHubStore } from '../../src/adapters/store/hub-store.ts';
import { type AdminSettings, createAdminServer, openFeed } from '../../src/hub/admin.ts';
import type { AdminDesks } from '../../src/hub/admin-groups.ts';
import { mintToken } from '../../src/hub/api/token.ts';
import { readIssued } from '../../src/hub/identity/callers.ts';
import { createIdentityDesk } from '../../src/hub/identity/desk.ts';
import type { Role } from '../../src/model/fleet/hub-rows.ts';
import { NO_LOG, RolloutWorld, SILENT_MS } from './rollout-world.ts';

const SETTINGS: AdminSettings = {
  address: '127.0.0.1',
  port: 0,
  names: ['hub.example.com'],
  controlSocket: '/nowhere',
};

/** Desks that no test here asks. */
const OTHERS = {} as AdminDesks;

/** The admin API over a real store, asked without a socket. */
export async function createAdminWorld() {
  const database = await openHubStore(':memory:');
  const world = new RolloutWorld(database);
  const { feed, index, store } = openFeed(database, { clock: world.clock, random: systemRandom });
  // What is written for a test counts as written by head office.
  const rollouts = new RolloutWorld(store);
  const identity = createIdentityDesk({
    ...{ url: 'https://hub.example.com:8443', random: systemRandom },
    withdrawn: (await readIssued(store)).withdrawn,
  });
  const http = await createAdminServer({
    ...{ store, feed, settings: SETTINGS, version: '1.2.3', notReady: () => [], clock: rollouts.clock },
    ...{ random: systemRandom, log: NO_LOG },
    desks: {
      ...{ ...OTHERS, hub: 'head-office', index, silentAfterMs: SILENT_MS },
      ...{ publications: rollouts.rollouts, identity },
    },
  });

  return {
    ...{ store, feed, http, world: rollouts },
    /** A token with this role. */
    token: async (name: string, role: Role, more: { readonly expiresAt?: number } = {}): Promise<string> => {
      const { id, token, digest } = mintToken(systemRandom);
      await store.work((tx) => tx.put('tokens', id, { id, name, role, secretDigest: digest, createdAt: 0, ...more }));
      return token;
    },
    ask: (token: string | undefined, path: string, body?: object, headers: Readonly<Record<string, string>> = {}) =>
      http.app.inject({
        url: `/api/v1/${path}`,
        method: body ? 'POST' : 'GET',
        headers: { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...headers },
        ...(body && { payload: body }),
      }),
    close: async () => {
      await http.close(0);
      await database.close();
    },
  };
}
