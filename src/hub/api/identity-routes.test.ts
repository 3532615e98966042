import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAdminWorld } from '../../../test/support/admin-world.ts';
import { APPROVAL_PREFIX, type Approval } from '../../model/fleet/approval.ts';
import type { HubTx } from '../../model/fleet/hub-store.ts';
import { type AdminDesks, adminGroups } from '../admin-groups.ts';

let api: Awaited<ReturnType<typeof createAdminWorld>>;
let operator: string;
let admin: string;

beforeAll(async () => {
  api = await createAdminWorld();
  operator = await api.token('ann', 'operate');
  admin = await api.token('root', 'admin');
  await api.world.addSites(['store-1', 'store-2']);
});
afterAll(() => api.close());

const DAY = 86_400_000;

async function certify(tx: HubTx, site: string, serial: string): Promise<void> {
  const now = api.world.clock.now();
  const row = { site, serial, keyDigest: 'aa' as never, notBefore: now, notAfter: now + 90 * DAY, issuedAt: now };
  await tx.put('certificates', `${site}/${serial}`, { ...row, how: 'enroll' });
}
async function waits(tx: HubTx, site: string, serial: string): Promise<void> {
  const asked: Approval = { site, serial, keyDigest: 'aa' as never, remote: '192.0.2.1', askedAt: 1, expiredAt: 1 };
  await tx.put('meta', APPROVAL_PREFIX + site, asked);
}
const certificates = async (site: string) => (await api.ask(operator, `certificates?site=${site}`)).json();

describe('who may speak for a site', () => {
  it('is taken back by an admin alone, and whoever waited with that certificate waits no more', async () => {
    await api.store.work(async (tx) => {
      await certify(tx, 'store-1', '01');
      await waits(tx, 'store-1', '01');
    });
    expect((await certificates('store-1')).waiting).toMatchObject([{ serial: '01' }]);
    const wish = { site: 'store-1', because: 'stolen' };
    expect((await api.ask(operator, 'certificates/revoke', wish)).json().error.code).toBe('role-missing');
    expect((await api.ask(admin, 'certificates/revoke', wish)).statusCode).toBe(200);
    expect(await certificates('store-1')).toMatchObject({ certificates: [{ state: 'revoked' }], waiting: [] });
  });

  it('is the same on the page of the site and in the list', async () => {
    await api.store.work((tx) => certify(tx, 'store-2', '02'));
    api.world.clock.ms += 46 * DAY;
    await api.store.work((tx) => certify(tx, 'store-2', '03'));
    const states = ({ certificates: all }: { certificates: readonly { state: string }[] }) =>
      all.map(({ state }) => state);
    const listed = states(await certificates('store-2'));
    expect(listed).toEqual(['valid', 'past']);
    expect(states((await api.ask(operator, 'sites/store-2')).json())).toEqual(listed);
  });

  it('is nobody once the site is closed, for good and with a reason', async () => {
    await api.ask(operator, 'invites', { site: 'store-2' });
    const close = (token: string) => api.ask(token, 'sites/store-2/retire', { because: 'the lease is over' });
    expect((await close(operator)).json().error.code).toBe('role-missing');
    expect((await close(admin)).json()).toEqual({
      sentence: 'Site store-2 is closed; its events and its audit are kept.',
    });
    expect((await certificates('store-2')).certificates.map(({ state }: { state: string }) => state)).toEqual([
      'revoked',
      'revoked',
    ]);
    expect((await api.ask(operator, 'invites?site=store-2')).json().invites).toMatchObject([{ state: 'withdrawn' }]);
    expect((await api.ask(operator, 'sites/store-2')).json()).toMatchObject({ state: 'retired', invites: [] });
    for (const path of ['sites/store-2/retire', 'invites'])
      expect(
        (await api.ask(admin, path, { ...(path === 'invites' ? { site: 'store-2' } : { because: 'x' }) })).json(),
      ).toMatchObject({ error: { code: 'command-refused' } });
    const [last] = await api.store.read((tx) => tx.audit({ limit: 1, newestFirst: true }));
    expect(last).toMatchObject({ who: 'root', action: 'site.retire', detail: { because: 'the lease is over' } });
  });
});

it('each route that changes something has somebody who writes it into the audit', () => {
  const changing = adminGroups({} as AdminDesks).filter(({ method }) => method === 'POST');
  expect(changing.filter(({ audit }) => audit === 'none')).toEqual([]);
  // Whether a desk does, its own test says: of pushes that of the room of revisions.
  expect(changing.filter(({ audit }) => audit === 'desk').map(({ id }) => id)).toEqual([
    'beginPush',
    'rollRoots',
    'endRoot',
  ]);
});
