import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createBox,
  DAY_MS,
  joinRequest,
  openTestHub,
  recoverRequest,
  type TestBox,
  type TestHub,
} from '../../../test/support/link-identity.ts';
import { enrolmentCrypto } from '../../adapters/node/enrolment-crypto.ts';
import { x509 } from '../../adapters/node/x509.ts';
import { readGrant } from '../../wire/link/enrolment.ts';
import type { EnrollGrant } from '../../wire/link/gen/link.ts';
import { parseInviteCode } from '../../wire/link/invite-code.ts';
import { Refusal } from '../../wire/link/refusals.ts';

const stranger = { remote: '192.0.2.7' };
let hub: TestHub;
let count = 0;
const newSite = (): string => `store-${++count}`;

beforeAll(async () => {
  hub = await openTestHub();
});
afterAll(() => hub.close());

async function join(at: TestHub, box: TestBox, code: string): Promise<EnrollGrant> {
  const request = await joinRequest(box, code);
  const reply = await at.identity.handlers.enroll(stranger, request);
  const parsed = parseInviteCode(code);
  if (!parsed.ok) throw new Error(parsed.error);
  const grant = readGrant(parsed.value, request, reply, enrolmentCrypto);
  if (!grant.ok) throw new Error(grant.error);
  return grant.value;
}

async function reasonOf(call: Promise<unknown>): Promise<string> {
  const thrown = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown === undefined) return 'accepted';
  return thrown instanceof Refusal ? thrown.reason : `${thrown}`;
}

function check(at: TestHub, chain: readonly Uint8Array[]): string {
  const found = at.identity.check.check(chain);
  return found.ok ? found.value.site : found.error.reason;
}

describe('joining by a code', () => {
  it('makes a box the one that speaks for its site', async () => {
    const site = newSite();
    const box = createBox();
    const { code } = await hub.invite(site);
    const grant = await join(hub, box, code);
    expect(grant).toMatchObject({ site, hub: 'central' });
    expect(grant.trust?.roots).toHaveLength(2);
    expect(check(hub, grant.certificateChain)).toBe(site);
    const row = await hub.store.read((tx) => tx.get('sites', site));
    expect(row?.roots).toHaveLength(2);
    expect(row).toMatchObject({ state: 'enrolled', sealingKey: Buffer.from(box.sealingKey).toString('base64') });
    const [entry] = await hub.store.read((tx) => tx.audit({ limit: 1, newestFirst: true }));
    expect(entry).toMatchObject({ who: `site ${site}`, action: 'site.enroll', subject: site });
  });

  it('gives the same box the same answer again, and another box none', async () => {
    const { code } = await hub.invite(newSite());
    const box = createBox();
    const first = await join(hub, box, code);
    expect(await join(hub, box, code)).toEqual(first);
    expect(await reasonOf(join(hub, createBox(), code))).toBe('invite-used');
  });

  it('is refused with a wrong code, an old one and one that was taken back', async () => {
    const site = newSite();
    const { code } = await hub.invite(site);
    const request = await joinRequest(createBox(), code);
    const other = { ...request, proof: new Uint8Array(32) };
    expect(await reasonOf(hub.identity.handlers.enroll(stranger, other))).toBe('proof-wrong');
    const swapped = { ...request, sealingKey: createBox().sealingKey };
    expect(await reasonOf(hub.identity.handlers.enroll(stranger, swapped))).toBe('proof-wrong');
    await hub.invite(site);
    expect(await reasonOf(join(hub, createBox(), code))).toBe('invite-expired');
    const { code: short, id } = await hub.invite(site, 1);
    hub.clock.advance(2);
    expect(await reasonOf(join(hub, createBox(), short))).toBe('invite-expired');
    const unknown = { ...request, inviteId: id === '0000' ? '0001' : '0000' };
    expect(await reasonOf(hub.identity.handlers.enroll(stranger, unknown))).toBe('invite-unknown');
  });

  it('is refused to the box of another store, and not used up by it', async () => {
    const site = newSite();
    const { code } = await hub.invite(site);
    const lost = await joinRequest(createBox(), code, 'store-elsewhere');
    expect(await reasonOf(hub.identity.handlers.enroll(stranger, lost))).toBe('invite-other-site');
    const right = await joinRequest(createBox(), code, site);
    expect(await reasonOf(hub.identity.handlers.enroll(stranger, right))).toBe('accepted');
  });

  it('is not tried for ever', async () => {
    const at = { remote: '192.0.2.99' };
    const { code } = await hub.invite(newSite());
    const request = await joinRequest(createBox(), code);
    const wrong = { ...request, proof: new Uint8Array(32) };
    for (let n = 0; n < 10; n++) expect(await reasonOf(hub.identity.handlers.enroll(at, wrong))).toBe('proof-wrong');
    expect(await reasonOf(hub.identity.handlers.enroll(at, request))).toBe('busy');
    hub.clock.advance(10 * 60_000);
    expect(await reasonOf(hub.identity.handlers.enroll(at, request))).toBe('accepted');
  });

  it('ends what the box before it may do', async () => {
    const site = newSite();
    const before = await join(hub, createBox(), (await hub.invite(site)).code);
    const next = await hub.invite(site);
    expect(next.replaces).toBe(true);
    expect(check(hub, before.certificateChain)).toBe(site);
    const after = await join(hub, createBox(), next.code);
    expect(check(hub, after.certificateChain)).toBe(site);
    expect(check(hub, before.certificateChain)).toBe('certificate-revoked');
  });
});

describe('a certificate', () => {
  it('is renewed by whoever has it, and not once it is revoked', async () => {
    const site = newSite();
    const box = createBox();
    const { certificateChain } = await join(hub, box, (await hub.invite(site)).code);
    const found = hub.identity.check.check(certificateChain);
    if (!found.ok) throw found.error;
    const caller = { ...found.value, remote: '192.0.2.7', throughProxy: false };
    const csr = await x509.createRequest({ name: site, key: box.key });
    const { signal } = new AbortController();
    const renewed = await hub.identity.handlers.renew(caller, { csr }, signal);
    expect(check(hub, renewed.certificateChain)).toBe(site);

    const revoked = await hub.store.work((tx) =>
      hub.identity.desk.revoke(tx, { site, by: 'anna', because: 'stolen' }, hub.clock.now()),
    );
    expect(revoked.serials).toHaveLength(2);
    revoked.afterwards();
    expect(check(hub, renewed.certificateChain)).toBe('certificate-revoked');
    expect(await reasonOf(hub.identity.handlers.renew(caller, { csr }, signal))).toBe('certificate-revoked');
    const recover = await recoverRequest(renewed.certificateChain[0] ?? new Uint8Array(), box.key);
    expect(await reasonOf(hub.identity.handlers.recover(stranger, recover))).toBe('certificate-revoked');
    const again = await openTestHub({ store: hub.store, files: hub.files, clock: hub.clock });
    expect(check(again, renewed.certificateChain)).toBe('certificate-revoked');
    again.identity.stop();
  });

  it('is refused by its dates, and by its root', async () => {
    const other = await openTestHub();
    const mine = await join(hub, createBox(), (await hub.invite('store-a')).code);
    const theirs = await join(other, createBox(), (await other.invite('store-a')).code);
    const now = hub.clock.now();
    expect(check(hub, theirs.certificateChain)).toBe('certificate-foreign');
    expect(check(hub, [...theirs.certificateChain, ...hub.identity.believed()])).toBe('certificate-foreign');
    expect(check(hub, [])).toBe('certificate-missing');
    expect(check(hub, hub.identity.server().chain)).toBe('certificate-foreign');
    for (const [at, reason] of [
      [Date.UTC(1970, 0, 2), 'certificate-not-yet'],
      [now - 47 * 3_600_000, 'store-a'],
      [now + 89 * DAY_MS, 'store-a'],
      [Date.UTC(2038, 0, 20), 'certificate-expired'],
    ] as const) {
      hub.clock.set(at);
      expect(check(hub, mine.certificateChain)).toBe(reason);
    }
    hub.clock.set(now);
    await other.close();
  });
});

describe('a site that is closed', () => {
  it('is refused with that reason, by each of its certificates and codes, also after a start; a person opens it again', async () => {
    const at = await openTestHub();
    const box = createBox();
    const { certificateChain } = await join(at, box, (await at.invite('store-z')).code);
    const { code } = await at.invite('store-z');
    const wish = { site: 'store-z', by: 'anna', because: 'the store was given up' };
    (await at.store.work((tx) => at.identity.desk.retire(tx, wish, at.clock.now()))).afterwards();
    expect(check(at, certificateChain)).toBe('site-retired');
    expect(await reasonOf(join(at, createBox(), code))).toBe('invite-expired');
    const recover = await recoverRequest(certificateChain[0] ?? new Uint8Array(), box.key);
    expect(await reasonOf(at.identity.handlers.recover(stranger, recover))).toBe('site-retired');
    await expect(at.invite('store-z')).rejects.toThrow('--reopen');
    await expect(at.store.work((tx) => at.identity.desk.retire(tx, wish, 0))).rejects.toMatchObject({
      code: 'command-refused',
    });
    const again = await openTestHub({ store: at.store, files: at.files, clock: at.clock });
    expect(check(again, certificateChain)).toBe('site-retired');
    (await again.store.work((tx) => again.identity.desk.reopen(tx, 'store-z'))).afterwards();
    expect(check(again, certificateChain)).toBe('certificate-revoked');
    const next = await join(again, createBox(), (await again.invite('store-z')).code);
    expect(check(again, next.certificateChain)).toBe('store-z');
    again.identity.stop();
    await at.close();
  });
});

describe('a certificate that the database does not know', () => {
  it('is written down when its box comes, once, and can be revoked from then on', async () => {
    const at = await openTestHub();
    const { certificateChain } = await join(at, createBox(), (await at.invite('store-r')).code);
    // What a backup of the day before has of it: nothing.
    const restored = await openTestHub({ files: at.files, clock: at.clock });
    const rows = () => restored.store.read((tx) => tx.list('certificates'));
    expect(await rows()).toEqual([]);
    for (let n = 0; n < 3; n++) expect(check(restored, certificateChain)).toBe('store-r');
    await expect.poll(rows).toHaveLength(1);
    expect((await rows())[0]?.row).toMatchObject({ site: 'store-r', how: 'found' });
    const audit = await restored.store.read((tx) => tx.audit({ limit: 9 }));
    expect(audit.map(({ action }) => action)).toEqual(['certificate.found']);
    const wish = { site: 'store-r', by: 'anna', because: 'stolen' };
    (await restored.store.work((tx) => restored.identity.desk.revoke(tx, wish, at.clock.now()))).afterwards();
    expect(check(restored, certificateChain)).toBe('certificate-revoked');
    await Promise.all([restored.close(), at.close()]);
  });
});

describe('recovering', () => {
  it('needs nobody for ninety days, then a yes', async () => {
    const at = await openTestHub();
    const box = createBox();
    const { certificateChain } = await join(at, box, (await at.invite('store-b')).code);
    const old = certificateChain[0] ?? new Uint8Array();
    const ask = async () => at.identity.handlers.recover(stranger, await recoverRequest(old, box.key));

    at.clock.advance(179 * DAY_MS);
    expect(check(at, certificateChain)).toBe('certificate-expired');
    expect(check(at, (await ask()).certificateChain)).toBe('store-b');

    at.clock.advance(2 * DAY_MS);
    expect(await reasonOf(ask())).toBe('approval-pending');
    expect(await reasonOf(ask())).toBe('approval-pending');
    expect(await at.store.read((tx) => at.identity.desk.approvals(tx))).toMatchObject([{ site: 'store-b' }]);
    await at.store.work((tx) => at.identity.desk.approve(tx, { site: 'store-b', by: 'anna' }, at.clock.now()));
    expect(check(at, (await ask()).certificateChain)).toBe('store-b');
    // One yes is for one certificate.
    expect(await reasonOf(ask())).toBe('approval-pending');
    const asked = await at.store.read((tx) => tx.audit({ limit: 50 }));
    expect(asked.filter(({ action }) => action === 'certificate.ask')).toHaveLength(2);
    await at.close();
  });

  it('is refused to whoever has the certificate and not its key', async () => {
    const box = createBox();
    const { certificateChain } = await join(hub, box, (await hub.invite(newSite())).code);
    const old = certificateChain[0] ?? new Uint8Array();
    const copied = await recoverRequest(old, createBox().key);
    expect(await reasonOf(hub.identity.handlers.recover(stranger, copied))).toBe('signature-wrong');
    const replayed = { ...(await recoverRequest(old, box.key)), nonce: new Uint8Array(16) };
    expect(await reasonOf(hub.identity.handlers.recover(stranger, replayed))).toBe('signature-wrong');
  });
});
