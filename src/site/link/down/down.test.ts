import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { keySetOf, testKey } from '../../../../test/support/sample-bundle.ts';
import { POS_MAC, T0 } from '../../../../test/support/sample-site.ts';
import { ADA, SteeredSite, TRIAL_MS } from '../../../../test/support/steered-site.ts';
import { seal } from '../../../adapters/node/sealing.ts';
import { AppError } from '../../../kernel/errors.ts';
import type { Boot, BootId } from '../../../model/boot.ts';
import type { MachineId } from '../../../model/machine.ts';

let site: SteeredSite;
beforeEach(async () => {
  site = new SteeredSite();
  await site.on();
});
afterEach(() => site.close());

const because = () => site.down.state()?.because;
const numbers = () => {
  const { highest, confirmed } = site.down.have();
  return { highest, confirmed };
};

/** A site whose first revision counts as good. */
async function running(): Promise<void> {
  site.tell(site.push(7, 'first'));
  await site.untilConfirmed(7);
  expect(site.inForce()).toBe('first');
}

/** A boot that the revision in force was the answer to. */
async function boot(number: number, changes: Partial<Boot>): Promise<void> {
  const revision = site.keeper?.current()?.digest;
  const row: Boot = {
    ...{ id: `b${number}` as BootId, machine: 'm1' as MachineId, mac: POS_MAC, openedAt: T0, stage: 'os', reached: {} },
    ...(revision ? { revision } : {}),
    ...changes,
  };
  const counters = { table: 'counters', key: 'boot', row: number } as const;
  await site.store.commit([counters, { table: 'boots', key: row.id, row }], []);
}

describe('the way of a revision', () => {
  test('is fetched in pieces, proved, tried and confirmed; each start goes on with it, with no head office', async () => {
    expect([site.inForce(), site.down.state(), site.down.have()]).toEqual([
      undefined,
      undefined,
      { bundle: undefined, highest: 0, confirmed: 0 },
    ]);
    const pushed = site.push(7, 'first');
    site.tell(pushed);
    await site.untilState(7, 'trial');
    await site.until(() => expect(site.inForce()).toBe('first'));
    expect(site.offsets.length).toBeGreaterThan(2);
    await site.untilConfirmed(7);
    expect(numbers()).toEqual({ highest: 7, confirmed: 7 });
    expect(site.events()).toEqual(['revision-tried', 'revision-applied']);
    await site.off();
    await site.on();
    expect([site.inForce(), site.down.have()]).toEqual([
      'first',
      { bundle: pushed.wanted.bundle, highest: 7, confirmed: 7 },
    ]);
  });

  test('a fetch that broke off goes on where it was, also over a restart', async () => {
    const pushed = site.push(7, 'first');
    site.tell(pushed, async (digest, offset) => {
      if (offset > 0) throw new AppError('hub-unreachable', 'no answer');
      return site.fetch(digest, offset);
    });
    await site.until(() => expect(because()).toBe('no answer'));
    await site.off();
    await site.on();
    // Head office is to name it once more, or nothing would fetch it.
    expect(site.down.have().bundle).toBeUndefined();
    site.offsets.length = 0;
    site.tell(pushed);
    await site.untilConfirmed(7);
    expect(site.offsets[0]).toBe(1_500);
  });

  test('the newest wins over one that is half fetched, half prepared or in trial', async () => {
    await running();
    site.assetState = { kind: 'absent' };
    site.tell(site.push(8, 'second'));
    await site.untilState(8, 'fetched');
    const never = new Promise<never>(() => undefined);
    site.tell(site.push(9, 'third'), () => never);
    await site.untilState(9, 'offered');
    site.pull();
    await site.on();
    site.assetState = { kind: 'complete', sizeBytes: 1 };
    site.tell(site.push(10, 'fourth'));
    await site.untilState(10, 'trial');
    site.tell(site.push(11, 'first'));
    await site.untilState(11, 'confirmed');
    expect([site.inForce(), site.keeper?.current()?.number]).toEqual(['first', 11]);
    expect(site.events()).not.toContain('revision-reverted');
  });

  test('content that is in force already needs no trial: a rollback is a higher number with old content', async () => {
    await running();
    site.tell(site.push(8, 'first'));
    await site.untilState(8, 'confirmed');
    expect(site.keeper?.current()?.number).toBe(8);
    expect(site.events().filter((type) => type === 'revision-tried')).toHaveLength(1);
  });

  test('secrets are open while their revision is in force', async () => {
    const as = { site: 'store-0417', name: 'joinToken', recipient: site.sealing.publicKey };
    const secrets = { joinToken: seal('geheim', as, new Uint8Array(32)) };
    site.tell(site.push(7, 'first', ADA, { secrets }));
    await site.untilConfirmed(7);
    expect(site.secrets).toEqual(new Map([['joinToken', 'geheim']]));
    await site.off();
    site.secrets = new Map();
    await site.on();
    await site.until(() => expect(site.secrets.get('joinToken')).toBe('geheim'));
    const other = { joinToken: seal('geheim', { ...as, site: 'store-0418' }, new Uint8Array(32)) };
    site.tell(site.push(8, 'second', ADA, { secrets: other }));
    await site.untilState(8, 'refused');
    expect(because()).toContain('secret joinToken was changed, or is that of another site');
  });
});

describe('what is waited for', () => {
  test('assets that do not come keep it waiting, and it says how far they are', async () => {
    await running();
    site.assetState = { kind: 'filling', bytesDone: 43, sizeBytes: 100 };
    const { wanted, revision } = site.push(8, 'second');
    site.down.onDesired(wanted, site.fetch);
    await site.untilState(8, 'fetched');
    await site.until(() => expect(because()).toContain('kernel 40 %'));
    expect(site.pins.get('wanted-revision')).toEqual(revision.assets.map(({ digest }) => digest));
    expect(site.inForce()).toBe('first');
    site.assetState = { kind: 'complete', sizeBytes: 100 };
    await site.untilConfirmed(8);
    expect(site.pins.get('wanted-revision')).toEqual([]);
  });

  test('a freeze holds it back, and says until when; a thaw lets it go on', async () => {
    await running();
    site.frozen = { until: T0 + 7_200_000, because: 'trading until 20:00' };
    site.tell(site.push(8, 'second'));
    await site.untilState(8, 'deferred');
    expect(site.down.state()).toMatchObject({
      because: 'the store is frozen: trading until 20:00',
      until: T0 + 7_200_000,
    });
    site.assetState = { kind: 'absent' };
    await site.untilState(8, 'fetched');
    site.assetState = { kind: 'complete', sizeBytes: 1 };
    await site.untilState(8, 'deferred');
    site.frozen = undefined;
    site.down.look();
    await site.untilState(8, 'trial');
  });

  test('a full disk stops it where it is, and it goes on by itself', async () => {
    await running();
    site.diskFault = new AppError('disk-full', 'cannot write the part (ENOSPC)');
    site.tell(site.push(8, 'second'));
    await site.until(() => expect(because()).toContain('ENOSPC'));
    expect([site.inForce(), numbers().confirmed]).toEqual(['first', 7]);
    site.diskFault = undefined;
    site.tell(site.push(8, 'second'));
    await site.untilConfirmed(8);
  });
});

describe('what is refused', () => {
  const refusedAs = async (number: number, words: string): Promise<void> => {
    await site.untilState(number, 'refused');
    expect(because()).toContain(words);
    expect([site.inForce(), numbers()]).toEqual(['first', { highest: 7, confirmed: 7 }]);
    expect(site.events().at(-1)).toBe('revision-refused');
  };
  beforeEach(running);

  test('bytes that somebody changed on the way', async () => {
    const { wanted, text } = site.push(8, 'second');
    const bytes = Buffer.from(text.replace('pos-1', 'pos-9'));
    site.down.onDesired(wanted, async (_, offset) => ({ chunk: bytes.subarray(offset), sizeBytes: bytes.length }));
    await refusedAs(8, 'not those that head office named');
  });

  test('an older one, whatever it holds, and another one with the same number', async () => {
    site.tell(site.push(6, 'second'));
    await refusedAs(6, 'older than revision 7');
    site.tell(site.push(7, 'second'));
    await refusedAs(7, 'another revision 7 was accepted here');
  });

  test('one by a key that is retired, until it is looked at with other keys', async () => {
    site.keys = keySetOf(2, [testKey('Bob')], { [ADA.id]: 2 });
    site.tell(site.push(8, 'second'));
    await refusedAs(8, 'retired');
    await site.off();
    await site.on();
    expect(site.inForce()).toBe('first');
    site.keys = keySetOf(3, [ADA]);
    site.down.onKeys();
    await site.untilConfirmed(8);
  });

  test('one by a key that came in the last moment of a process is looked at by the next', async () => {
    const bob = testKey('Bob');
    site.tell(site.push(8, 'second', bob));
    await refusedAs(8, 'no such key');
    site.keys = keySetOf(2, [ADA, bob]);
    site.pull();
    await site.on();
    await site.untilConfirmed(8);
  });

  test('one by a key that nobody knows', async () => {
    site.tell(site.push(8, 'second', testKey('Mallory')));
    await refusedAs(8, 'no such key');
  });

  test('one of another site', async () => {
    site.tell(site.push(8, 'second', ADA, { site: 'store-0418' }));
    await refusedAs(8, 'not of store-0417');
  });

  test('one whose number is not what head office says', async () => {
    const { wanted } = site.push(8, 'second');
    site.down.onDesired({ ...wanted, number: 9 }, site.fetch);
    await refusedAs(9, 'head office calls it 9, its signature 8');
  });

  test('one that this machine cannot run, until a person has it tried once more', async () => {
    site.refusal = 'there is no network interface eth1';
    site.tell(site.push(8, 'second'));
    await site.untilState(8, 'refused');
    expect(because()).toContain('no network interface eth1');
    expect(site.inForce()).toBe('first');
    site.refusal = undefined;
    expect(await site.down.retry()).toBe('Revision 8 is looked at once more.');
    await site.untilConfirmed(8);
    await expect(site.down.retry()).rejects.toMatchObject({ code: 'command-refused' });
  });

  test('an old one on yesterday’s database, or with the file beside it lost', async () => {
    await site.off();
    await site.store.commit([{ table: 'counters', key: 'revision-accepted', row: 3 }], []);
    await site.on();
    site.tell(site.push(5, 'second'));
    await refusedAs(5, 'older than revision 7');
    await site.off();
    await site.store.commit([{ table: 'counters', key: 'revision-accepted', row: 7 }], []);
    writeFileSync(join(site.dataDir, 'link/down/applied.json'), 'not JSON');
    await site.on();
    expect(site.inForce()).toBe('first');
    site.tell(site.push(5, 'third'));
    await site.untilState(5, 'refused');
    expect(because()).toContain('older than revision 7');
  });
});

describe('a trial', () => {
  beforeEach(running);
  const tried = async (): Promise<void> => {
    site.tell(site.push(8, 'second'));
    await site.untilState(8, 'trial');
    await site.until(() => expect(site.inForce()).toBe('second'));
  };
  const reverted = async (words: string): Promise<void> => {
    await site.untilState(8, 'reverted');
    expect(because()).toContain(words);
    expect([site.inForce(), numbers()]).toEqual(['first', { highest: 8, confirmed: 7 }]);
    await site.until(() => expect(site.events().at(-1)).toBe('revision-reverted'));
  };

  test('a machine that does not come up any more reverts it; the bad content is remembered over restarts', async () => {
    await tried();
    const stall = { stage: 'os', row: 'os', since: T0, cause: 'no configuration', nextStep: 'Look' } as const;
    await boot(1, { slot: 'pos-1', stalls: [stall] });
    await reverted('pos-1 did not come up (boot b1): no configuration');
    await site.off();
    await site.on();
    expect(site.inForce()).toBe('first');
    site.tell(site.push(9, 'second'));
    await site.untilState(9, 'refused');
    expect(because()).toContain('its content is that of revision 8, which was tried here and did not work');
    expect(site.down.bad()).toMatchObject([{ number: 8 }]);
    await site.down.retry();
    await site.untilConfirmed(9);
    expect(site.down.bad()).toEqual([]);
  });

  test('a boot under way is waited for, and one that came through ends it early', async () => {
    await tried();
    await boot(1, {});
    site.clock.pass(TRIAL_MS + 2_000);
    await site.until(() => expect(site.down.state()?.state).toBe('trial'));
    await boot(1, { stage: 'done', outcome: { kind: 'live' } });
    await site.untilState(8, 'confirmed');
  });

  test('sockets that do not serve revert it, also on a full disk', async () => {
    await tried();
    site.diskFault = new AppError('disk-full', 'no space left');
    site.problem = 'its sockets cannot be opened: port in use';
    await site.until(() => expect(site.inForce()).toBe('first'));
    await site.until(() => expect(site.down.state()?.state).toBe('trial'));
    expect(site.inForce()).toBe('first');
    site.diskFault = undefined;
    await reverted('port in use');
  });

  test('files that are gone again revert it', async () => {
    await tried();
    site.assetState = { kind: 'absent' };
    await reverted('kernel is not here yet');
  });

  test('a process that ends time and again reverts it at its start; one that is told to end does not', async () => {
    await tried();
    for (let i = 0; i < 5; i++) {
      await site.off();
      await site.on();
    }
    await site.untilState(8, 'trial');
    for (let i = 0; i < 4; i++) {
      site.pull();
      await site.on();
    }
    await reverted('the site ended 4 times');
  });

  test('a site that cannot even begin in it ends it at the fourth start', async () => {
    await tried();
    for (let i = 0; i < 4; i++) {
      await site.off({ counts: true });
      await site.on();
    }
    await reverted('the site ended 4 times');
  });

  test('the site does not start with a trial that is broken at the fourth start', async () => {
    await tried();
    for (let i = 0; i < 4; i++) {
      site.pull();
      await site.on();
    }
    expect(site.inForce()).toBe('first');
  });
});

test('a head office that is gone changes nothing, at any step', async () => {
  await running();
  site.hubFault = new AppError('hub-unreachable', 'no answer');
  site.tell(site.push(8, 'second'));
  await site.until(() => expect(because()).toBe('no answer'));
  expect(site.inForce()).toBe('first');
  site.hubFault = undefined;
  await site.untilState(8, 'trial');
  site.hubFault = new AppError('hub-unreachable', 'no answer');
  await site.untilConfirmed(8);
  expect(site.inForce()).toBe('second');
});

test('power that goes before any write leaves a site that comes back right', async () => {
  await running();
  const first = site.traces;
  site.tell(site.push(8, 'second'));
  await site.untilConfirmed(8);
  await site.until(() => expect(kept(site)).toHaveLength(2));
  const writes = Array.from({ length: site.traces }, (_, i) => i + 1);
  expect(writes.length - first).toBeGreaterThan(10);
  for (let i = 0; i < writes.length; i += 8) await Promise.all(writes.slice(i, i + 8).map(cutAndRecover));
});

const kept = (of: SteeredSite) => readdirSync(join(of.dataDir, 'link/down')).sort();

/** The power goes before write `nth` of the first revision or of the second, and comes back. */
async function cutAndRecover(nth: number): Promise<void> {
  const own = new SteeredSite();
  own.cut = nth;
  await own.on();
  const isOver = (number: number) => own.isCut || own.down.have().confirmed === number;
  own.tell(own.push(7, 'first'));
  await own.until(() => expect(isOver(7)).toBe(true), TRIAL_MS / 5);
  const had = own.isCut ? undefined : own.inForce();
  own.tell(own.push(8, 'second'));
  await own.until(() => expect(own.isCut).toBe(true), TRIAL_MS / 5);
  own.pull();
  own.cut = undefined;
  await own.on();
  // At once, and never less than what counted as good before.
  if (had !== undefined) expect(['first', 'second']).toContain(own.inForce());
  own.tell(own.push(8, 'second'));
  await own.untilConfirmed(8);
  expect([own.inForce(), own.down.have()]).toMatchObject(['second', { highest: 8, confirmed: 8 }]);
  await own.until(() => expect(kept(own)).toEqual([own.down.have().bundle, 'applied.json'].sort()));
  expect(readFileSync(join(own.dataDir, 'revision.json'), 'utf8')).toContain('"template":"second"');
  await own.close();
}
