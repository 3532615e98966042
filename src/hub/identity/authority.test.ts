import { describe, expect, it } from 'vitest';
import {
  DAY_MS,
  MemoryFiles,
  openTestHub,
  PowerCut,
  START_MS,
  WallClock,
} from '../../../test/support/link-identity.ts';
import { x509 } from '../../adapters/node/x509.ts';
import { openHubStore } from '../../adapters/store/hub-store.ts';
import { ROOTS_FILE } from './authority.ts';

describe('the roots of head office', () => {
  it('are the same after each start, and the leaves are made anew by themselves', async () => {
    const at = await openTestHub();
    const before = at.identity.server();
    let changes = 0;
    at.identity.onServerChange(() => changes++);
    const again = await openTestHub({ store: at.store, files: at.files, clock: at.clock });
    expect(again.identity.believed()).toEqual(at.identity.believed());
    expect(again.identity.server()).toEqual(before);
    at.clock.advance(31 * DAY_MS);
    await expect.poll(() => changes).toBe(1);
    expect(at.identity.server()).not.toEqual(before);
    expect(x509.verify(at.identity.server().chain, at.identity.believed(), at.clock.now()).ok).toBe(true);
    again.identity.stop();
    await at.close();
  });

  it('are never made anew once sites believe in them', async () => {
    const at = await openTestHub();
    const text = at.files.files.get(ROOTS_FILE) ?? '';
    const elsewhere = await openTestHub();
    const other = elsewhere.files.files.get(ROOTS_FILE) ?? '';
    await elsewhere.close();
    const start = async (roots: string | undefined) => {
      const files = new MemoryFiles();
      if (roots !== undefined) files.files.set(ROOTS_FILE, roots);
      const opened = openTestHub({ store: at.store, files, clock: at.clock });
      await expect(opened).rejects.toMatchObject({ code: 'ca-damaged' });
      expect(files.files.get(ROOTS_FILE)).toBe(roots);
    };
    await start(undefined);
    await start('');
    await start(text.slice(0, -100));
    await start(text.replace('BEGIN CERTIFICATE', 'BEGIN SOMETHING'));
    await start(other);
    await start(
      text.replace(text.slice(0, text.indexOf('-----BEGIN CERT')), other.slice(0, other.indexOf('-----BEGIN CERT'))),
    );
    await at.close();
  });

  it('survive a cut of power at any write', async () => {
    for (const when of ['before', 'after'] as const)
      for (let write = 1; write <= 3; write++) {
        const [store, files] = [await openHubStore(':memory:'), new MemoryFiles()];
        files.failFrom({ write, when });
        await expect(openTestHub({ store, files })).rejects.toBeInstanceOf(PowerCut);
        files.failFrom(undefined);
        const at = await openTestHub({ store, files });
        expect(at.identity.believed()).toHaveLength(2);
        await at.close();
      }
  });

  it('are those of before or those of after a cut of power at any write of a roll-over', async () => {
    for (const when of ['before', 'after'] as const) {
      const at = await openTestHub();
      const [first, second] = at.identity.believed();
      at.files.failFrom({ write: 1, when });
      await expect(at.identity.roots.moveRoots('roll', 'anna')).rejects.toBeInstanceOf(PowerCut);
      at.files.failFrom(undefined);
      at.identity.stop();
      const again = await openTestHub({ store: at.store, files: at.files, clock: at.clock });
      const believed = again.identity.believed();
      expect(believed).toHaveLength(when === 'after' ? 3 : 2);
      expect([believed[0], believed.at(-1)]).toEqual(when === 'after' ? [second, first] : [first, second]);
      const [last] = await at.store.read((tx) => tx.audit({ limit: 1, newestFirst: true }));
      expect(last?.action).toBe(when === 'after' ? 'roots.finish' : 'roots.undo');
      again.identity.stop();
      const third = await openTestHub({ store: at.store, files: at.files, clock: at.clock });
      expect(third.identity.believed()).toEqual(believed);
      await third.close();
    }
  });

  it('are not made by a clock that cannot be right', async () => {
    const clock = new WallClock();
    clock.set(0);
    const store = await openHubStore(':memory:');
    await expect(openTestHub({ store, clock })).rejects.toMatchObject({ code: 'config-invalid' });
    await store.close();
  });

  it('are those of the first, where two processes with one store make them at once', async () => {
    const store = await openHubStore(':memory:');
    const started = await Promise.allSettled([openTestHub({ store }), openTestHub({ store })]);
    const opened = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    expect(opened).toHaveLength(1);
    expect(started.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'ca-damaged' } });
    for (const at of opened) await at.close();
  });

  it('sign each answer by a key that they vouch for', async () => {
    const at = await openTestHub();
    const { chain } = at.identity.signer.sign('x');
    expect(x509.verify(chain, at.identity.believed(), START_MS)).toMatchObject({ ok: true, value: { role: 'signer' } });
    await at.close();
  });
});
