import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  DAY_MS,
  type MemoryFiles,
  openTestHub,
  openTestSite,
  PowerCut,
  type TestHub,
  type TestSite,
} from '../../../../test/support/link-identity.ts';
import { enrolmentCrypto } from '../../../adapters/node/enrolment-crypto.ts';
import { x509 } from '../../../adapters/node/x509.ts';
import type { Digest } from '../../../kernel/digest.ts';
import type { SiteSession } from '../../../model/fleet/hub-rows.ts';
import { Refusal } from '../../../wire/link/refusals.ts';
import { DAMAGED_FILE, IDENTITY_FILE, JOINING_FILE } from './kept.ts';

let hub: TestHub;
let count = 0;
beforeAll(async () => {
  hub = await openTestHub();
});
afterAll(() => hub.close());

async function joined(at: TestHub = hub): Promise<TestSite> {
  const site = await openTestSite(at, `shop-${++count}`);
  await site.identity.join((await at.invite(site.name)).code);
  await site.takeStep();
  return site;
}
const known = (at: TestHub, { identity }: TestSite): string => {
  const found = at.identity.check.check(identity.current()?.chain ?? []);
  return found.ok ? found.value.site : found.error.reason;
};
const keyOf = (files: MemoryFiles): string => JSON.parse(files.files.get(IDENTITY_FILE) ?? '{}').key;

describe('a site that joins', () => {
  it('needs a code, then joins by it, and forgets it', async () => {
    const site = await openTestSite(hub, 'shop-a');
    expect(site.identity.standing()).toEqual({ state: 'needs-code' });
    expect(site.identity.step()).toBe('need-code');
    await site.identity.join((await hub.invite('shop-a')).code);
    expect(site.identity.standing()).toMatchObject({ state: 'joining' });
    expect(await site.takeStep()).toBe('enroll');
    expect(site.identity.standing()).toMatchObject({ state: 'joined', hub: 'central' });
    expect(site.identity.step()).toBe('nothing');
    expect(known(hub, site)).toBe('shop-a');
    expect([...site.files.files.keys()]).toEqual([IDENTITY_FILE]);
    expect(site.told).toEqual(['site-joined']);
  });

  it('takes no code whose check letters are wrong', async () => {
    const site = await openTestSite(hub, 'shop-a');
    await expect(site.identity.join('K7PW-0000-0000-0000-0000-0000')).rejects.toMatchObject({ code: 'invite-refused' });
    expect(site.files.files.size).toBe(0);
  });

  it('does its work with a slip in the code of its file, and says so', async () => {
    const site = await openTestSite(hub, 'shop-a');
    await site.identity.joinByFile('K7PW-0000-0000-0000-0000-0000');
    expect(site.identity.standing()).toMatchObject({ because: expect.stringContaining('hub.code') });
    expect(site.files.files.size).toBe(0);
  });

  it('says why a code was refused, and keeps it until another one is typed: whoever refused has proved nothing', async () => {
    const site = await openTestSite(hub, 'shop-b');
    const { code } = await hub.invite('shop-b');
    await site.identity.joinByFile(code);
    const middle = async () => Promise.reject(new Refusal('invite-unknown', 'there is no such code'));
    await expect(site.identity.take('enroll', { call: middle as never })).rejects.toMatchObject({
      reason: 'invite-unknown',
    });
    expect(site.identity.standing()).toMatchObject({ state: 'joining', because: 'there is no such code' });
    const again = await site.restart();
    expect(again.identity.standing()).toMatchObject({ state: 'joining', because: 'there is no such code' });
    expect(await again.takeStep()).toBe('enroll');
    expect(known(hub, again)).toBe('shop-b');
  });

  it('takes another code in the place of one that was taken back', async () => {
    const site = await openTestSite(hub, 'shop-b2');
    await site.identity.join((await hub.invite('shop-b2')).code);
    const { code } = await hub.invite('shop-b2');
    await expect(site.takeStep()).rejects.toMatchObject({ reason: 'invite-expired' });
    expect(site.identity.standing()).toMatchObject({ because: expect.stringContaining('taken this code back') });
    expect(site.identity.step()).toBe('enroll');
    await site.identity.join(code);
    expect(await site.takeStep()).toBe('enroll');
    expect(site.identity.standing()).toMatchObject({ state: 'joined' });
  });

  it('goes on as who it is while a new code is refused, and tries that one now and then', async () => {
    const at = await openTestHub();
    const site = await joined(at);
    const before = site.identity.current();
    const { code } = await at.invite(site.name);
    await at.invite(site.name);
    await site.identity.join(code);
    await expect(site.takeStep()).rejects.toMatchObject({ reason: 'invite-expired' });
    expect(site.identity.step()).toBe('nothing');
    expect(site.identity.standing()).toMatchObject({ state: 'joined' });
    expect(site.identity.current()).toEqual(before);
    at.clock.advance(15 * 60_000);
    expect(site.identity.step()).toBe('enroll');
    await at.close();
  });

  it('believes nobody who does not know the code', async () => {
    const other = await openTestHub();
    const site = await openTestSite(hub, 'shop-c');
    const { code } = await hub.invite('shop-c');
    await site.identity.join(code);
    // Who has head office's address, but not its database: an answer can be made, its proof cannot.
    const forged = async () => {
      const { code: theirs } = await other.invite('shop-c');
      const box = await openTestSite(other, 'shop-c');
      await box.identity.join(theirs);
      await box.takeStep();
      return box.lastReply;
    };
    await expect(site.identity.take('enroll', { call: forged as never })).rejects.toMatchObject({
      code: 'hub-unproven',
    });
    expect(site.identity.step()).toBe('enroll');
    expect(await site.takeStep()).toBe('enroll');
    await other.close();
  });

  it.each([
    ['before', 1],
    ['after', 1],
    ['before', 2],
    ['after', 2],
    ['before', 3],
    ['after', 3],
  ] as const)('is the one box of its code after a cut of power %s write %i', async (when, write) => {
    const name = `cut-${when}-${write}`;
    const { code } = await hub.invite(name);
    const site = await openTestSite(hub, name);
    site.files.failFrom({ write, when });
    await expect(site.identity.join(code).then(() => site.takeStep())).rejects.toBeInstanceOf(PowerCut);
    site.files.failFrom(undefined);
    const next = await site.restart();
    if (next.identity.step() === 'need-code') await next.identity.join(code);
    if (next.identity.step() === 'enroll') await next.takeStep();
    expect(next.identity.standing()).toMatchObject({ state: 'joined' });
    expect(known(hub, next)).toBe(name);
    expect([...next.files.files.keys()]).toEqual([IDENTITY_FILE]);
  });
});

describe('a site that has joined', () => {
  it('renews from a third of the life of its certificate on, within half a day, with the same key', async () => {
    const at = await openTestHub();
    const site = await joined(at);
    const [key, before] = [keyOf(site.files), site.identity.current()];
    at.clock.advance(29 * DAY_MS);
    expect(site.identity.step()).toBe('nothing');
    at.clock.advance(1.1 * DAY_MS);
    const first = site.identity.step();
    at.clock.advance(DAY_MS / 2);
    expect([first, site.identity.step()]).toContain('renew');
    expect(await site.takeStep()).toBe('renew');
    expect(site.identity.current()).not.toEqual(before);
    expect(keyOf(site.files)).toBe(key);
    expect(known(at, site)).toBe(site.name);
    expect(site.identity.step()).toBe('nothing');
    await at.close();
  });

  it('tries at least every day while it fails, and keeps what it has', async () => {
    const at = await openTestHub();
    const site = await joined(at);
    at.clock.advance(31 * DAY_MS);
    const before = site.identity.current();
    let tries = 0;
    for (let hour = 0; hour < 5 * 24; hour++) {
      if (site.identity.step() === 'renew') {
        tries += 1;
        const gone = async () => Promise.reject(new Error('no answer'));
        await expect(site.identity.take('renew', { call: gone as never })).rejects.toThrow('no answer');
      }
      at.clock.advance(3_600_000);
    }
    expect(tries).toBeGreaterThanOrEqual(5);
    expect(site.identity.current()).toBe(before);
    await at.close();
  });

  it('is asked to renew once for each time that head office says so', async () => {
    const at = await openTestHub();
    const site = await joined(at);
    at.clock.advance(DAY_MS);
    site.identity.askRenew();
    expect(site.identity.step()).toBe('renew');
    const gone = async () => Promise.reject(new Error('no answer'));
    await expect(site.identity.take('renew', { call: gone as never })).rejects.toThrow('no answer');
    expect(site.identity.step()).toBe('nothing');
    site.identity.askRenew();
    expect(await site.takeStep()).toBe('renew');
    expect(site.identity.step()).toBe('nothing');
    await at.close();
  });

  it('comes back after its certificate is over, by the same key', async () => {
    const at = await openTestHub();
    const site = await joined(at);
    at.clock.advance(120 * DAY_MS);
    expect(site.identity.step()).toBe('recover');
    await site.takeStep();
    expect(known(at, site)).toBe(site.name);
    expect(site.identity.step()).toBe('nothing');
    await at.close();
  });

  it('recovers when head office says so, whatever its own clock shows', async () => {
    const site = await joined();
    await site.identity.heardRefusal(new Refusal('certificate-expired', 'over'));
    expect(site.identity.step()).toBe('recover');
    await site.identity.heardRefusal(new Refusal('busy', 'later'));
    expect(site.identity.step()).toBe('recover');
    expect(await site.takeStep()).toBe('recover');
    expect(site.identity.step()).toBe('nothing');
  });

  it('touches nothing in 1970 and in 2038', async () => {
    const site = await joined();
    const files = new Map(site.files.files);
    const now = hub.clock.now();
    hub.clock.set(Date.UTC(1970, 0, 2));
    expect(site.identity.step()).toBe('nothing');
    expect((await site.restart()).identity.current()).toEqual(site.identity.current());
    hub.clock.set(Date.UTC(2038, 0, 20));
    expect((await site.restart()).identity.step()).toBe('recover');
    hub.clock.set(now);
    expect(site.files.files).toEqual(files);
  });

  it('says that it was refused, tells it once, and takes a new code', async () => {
    const site = await joined();
    const key = keyOf(site.files);
    const gone = new Refusal('certificate-revoked', 'revoked by anna');
    await site.identity.heardRefusal(gone);
    await site.identity.heardRefusal(gone);
    expect(site.identity.standing()).toMatchObject({ state: 'refused', because: 'revoked by anna' });
    expect(site.told).toEqual(['site-joined', 'identity-refused']);
    expect(site.identity.current()).toBeDefined();
    await site.identity.join((await hub.invite(site.name)).code);
    expect(await site.takeStep()).toBe('enroll');
    expect(site.identity.standing()).toMatchObject({ state: 'joined' });
    expect(keyOf(site.files)).not.toBe(key);
    expect(known(hub, site)).toBe(site.name);
  });

  it('takes no certificate of somebody else, and none that ends sooner', async () => {
    const [site, other] = [await joined(), await joined()];
    const files = new Map(site.files.files);
    const reply = (chain: readonly Uint8Array[]) => async () => ({ certificateChain: chain, trust: undefined });
    for (const box of [other, site]) {
      const call = reply(box.identity.current()?.chain ?? []) as never;
      await expect(site.identity.take('renew', { call })).rejects.toMatchObject({ code: 'hub-unproven' });
    }
    expect(site.files.files).toEqual(files);
  });

  it('takes no roots that it does not come from', async () => {
    const other = await openTestHub();
    const site = await joined();
    const files = new Map(site.files.files);
    await site.identity.accept({ roots: [...other.identity.believed()], keySets: [] });
    await site.identity.accept({ roots: [], keySets: [] });
    expect(site.files.files).toEqual(files);
    const [current] = hub.identity.believed();
    await site.identity.accept({ roots: current ? [current] : [], keySets: [] });
    expect((await site.restart()).identity.roots()).toEqual([current]);
    await other.close();
  });

  it('follows a roll-over of the roots, also one that was away, and leaves the old root', async () => {
    const at = await openTestHub();
    const [site, away] = [await joined(at), await joined(at)];
    const [first, second] = at.identity.believed();
    const digests = ({ identity }: TestSite) => identity.roots().map((der) => enrolmentCrypto.sha256(der) as Digest);
    /** As the link does it. */
    const hello = async (box: TestSite) => {
      const caller = at.identity.check.check(box.identity.current()?.chain ?? []);
      if (!caller.ok) throw caller.error;
      const { site: name, serial } = caller.value;
      await at.store.work(async (tx) => {
        const row = await tx.get('sites', name);
        if (row) await tx.put('sites', name, { ...row, roots: digests(box) });
        const session = { site: name, session: 's', serial, standing: 'current' };
        await tx.put('sessions', `${name}/s`, session as SiteSession);
      });
      const said = await at.store.read(async (tx) => ({
        ...(await at.identity.roots.atHello(tx, caller.value, digests(box))),
        trust: await at.identity.trust(tx),
      }));
      if (said.isTrustNew) await box.identity.accept(said.trust);
      if (said.renew) box.identity.askRenew();
      return said;
    };
    const { moveRoots } = at.identity.roots;
    for (const box of [site, away]) expect(await hello(box)).toMatchObject({ isTrustNew: false, renew: false });
    await expect(moveRoots('end', 'anna')).rejects.toThrow('there is no old root');
    await moveRoots('roll', 'anna');
    const third = at.identity.believed()[1];
    expect(at.identity.believed()).toEqual([second, third, first]);
    expect(x509.verify(at.identity.server().chain, [second ?? new Uint8Array()], at.clock.now()).ok).toBe(true);
    expect(x509.verify(at.identity.signer.sign('x').chain, site.identity.roots(), at.clock.now()).ok).toBe(true);

    at.clock.advance(10 * 60_000);
    expect(at.identity.wantsHello(site.name)).toBe(true);
    expect(await hello(site)).toMatchObject({ isTrustNew: true, renew: true });
    expect(await site.takeStep()).toBe('renew');
    expect(site.identity.roots()).toEqual([second, third, first]);
    expect(await hello(site)).toMatchObject({ isTrustNew: false, renew: false });
    at.clock.advance(30 * 60_000);
    expect(at.identity.wantsHello(site.name)).toBe(false);
    await expect(moveRoots('roll', 'anna')).rejects.toThrow('counts still');
    await expect(moveRoots('end', 'anna')).rejects.toThrow(away.name);

    // Head office is started anew in between; the other one comes back when its certificate is over for long.
    at.clock.advance(120 * DAY_MS);
    const again = await openTestHub({ store: at.store, files: at.files, clock: at.clock });
    expect(again.identity.believed()).toEqual([second, third, first]);
    again.identity.stop();
    expect(away.identity.step()).toBe('recover');
    await away.takeStep();
    expect(await hello(away)).toMatchObject({ isTrustNew: false, renew: false });
    await site.identity.heardRefusal(new Refusal('certificate-expired', 'over'));
    await site.takeStep();
    await hello(site);
    await moveRoots('end', 'anna');
    expect(at.identity.believed()).toEqual([second, third]);
    for (const box of [site, away]) {
      expect(known(at, box)).toBe(box.name);
      expect(await hello(box)).toMatchObject({ isTrustNew: true, renew: false });
      expect((await box.restart()).identity.roots()).toEqual([second, third]);
    }
    const audit = await at.store.read((tx) => tx.audit({ limit: 100 }));
    expect(audit.map(({ action }) => action).filter((one) => one.startsWith('roots.'))).toEqual([
      'roots.roll',
      'roots.end',
    ]);
    await at.close();
  });

  it('has a working identity after a cut of power at any write of a renewal', async () => {
    for (const when of ['before', 'after'] as const) {
      const site = await joined();
      site.identity.askRenew();
      hub.clock.advance(1_000);
      site.files.failFrom({ write: 1, when });
      await expect(site.takeStep()).rejects.toBeInstanceOf(PowerCut);
      site.files.failFrom(undefined);
      const next = await site.restart();
      expect(known(hub, next)).toBe(site.name);
    }
  });
});

describe('a damaged file', () => {
  it('is said, kept, and never replaced by itself', async () => {
    const site = await joined();
    const text = site.files.files.get(IDENTITY_FILE) ?? '';
    const theirs = (await joined()).files.files.get(IDENTITY_FILE) ?? '{}';
    const mixed = { ...JSON.parse(text), key: JSON.parse(theirs).key };
    for (const damaged of [
      '',
      '{}',
      text.slice(0, 300),
      JSON.stringify(mixed),
      theirs.replace(/"site": "[^"]+"/, `"site": "${site.name}"`),
    ]) {
      site.files.files.set(IDENTITY_FILE, damaged);
      const next = await site.restart();
      expect(next.identity.standing()).toMatchObject({
        state: 'damaged',
        because: expect.stringContaining(IDENTITY_FILE),
      });
      expect(next.identity.step()).toBe('mend');
      await next.identity.joinByFile((await hub.invite(site.name)).code);
      expect(next.identity.step()).toBe('mend');
      expect([...next.files.files]).toEqual([[IDENTITY_FILE, damaged]]);
    }
    site.files.files.set(IDENTITY_FILE, text);
    expect((await site.restart()).identity.standing()).toMatchObject({ state: 'joined' });
  });

  it('is put aside when a person has the box join anew', async () => {
    const site = await joined();
    site.files.files.set(IDENTITY_FILE, 'broken');
    const next = await site.restart();
    await next.identity.join((await hub.invite(site.name)).code);
    await next.takeStep();
    expect(known(hub, next)).toBe(site.name);
    expect(next.files.files.get(DAMAGED_FILE)).toBe('broken');
  });

  it('of a code that waits is said, and a new code is taken', async () => {
    const site = await openTestSite(hub, 'shop-d');
    site.files.files.set(JOINING_FILE, '{');
    const next = await site.restart();
    expect(next.identity.standing()).toMatchObject({
      state: 'needs-code',
      because: expect.stringContaining(JOINING_FILE),
    });
    await next.identity.join((await hub.invite('shop-d')).code);
    expect(await next.takeStep()).toBe('enroll');
  });
});
