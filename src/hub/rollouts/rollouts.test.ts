import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMapHubStore } from '../../../test/support/map-hub-store.ts';
import { RolloutWorld, SILENT_MS } from '../../../test/support/rollout-world.ts';
import { openHubStore } from '../../adapters/store/hub-store.ts';
import type { HubStore } from '../../model/fleet/hub-store.ts';
import { planOf } from './load-plan.ts';
import { explainPublication, explainRow } from './policy/explain.ts';

const SITES = ['store-1', 'store-2', 'store-3', 'store-4'];
const CANARY = { rules: { canary: ['tier=first'], soakMs: 600_000 } };

async function world(store: HubStore = createMapHubStore()): Promise<RolloutWorld> {
  const made = new RolloutWorld(store);
  await made.addSites(SITES);
  await made.push(SITES);
  return made;
}
async function confirm(made: RolloutWorld, sites: readonly string[], number = 1): Promise<void> {
  for (const site of sites) await made.say(site, number, 'confirmed');
}
async function why(made: RolloutWorld, id: string, site: string): Promise<string | undefined> {
  return made.store.read(async (tx) => {
    const publication = await tx.get('publications', id);
    if (!publication) return undefined;
    const plan = await planOf(tx, publication, made.rollouts.reach());
    const row = plan.rows.find((one) => one.site === site);
    return row ? explainRow(plan, row)?.because : explainPublication(plan)?.because;
  });
}

it('goes on without a site that was closed, which gets nothing any more', async () => {
  const made = await world();
  const id = await made.publish(CANARY);
  await confirm(made, ['store-4']);
  expect(await made.stateOf(id)).toBe('canary');
  const left = await made.store.work((tx) => made.rollouts.leave(tx, 'store-1'));
  expect(left).toEqual([id]);
  for (const one of left) await made.rollouts.wake(one);
  expect(await made.stateOf(id)).toBe('soaking');
  expect(await made.rows(id)).toContain('store-1 1 superseded');
  expect(await made.store.read((tx) => tx.get('desired', 'store-1'))).toMatchObject({ number: 1, isWithdrawn: true });
  expect(await made.store.work((tx) => made.rollouts.leave(tx, 'store-1'))).toEqual([]);
});

describe('on the real store', () => {
  let store: HubStore;
  beforeAll(async () => {
    store = await openHubStore(':memory:');
  });
  afterAll(() => store.close());

  it('goes canaries first, soaks, then all, and leaves a chain of audit entries', async () => {
    const made = await world(store);
    const id = await made.publish(CANARY);
    expect(await made.rows(id)).toEqual([
      'store-1 1 offered',
      'store-2 1 waiting',
      'store-3 1 waiting',
      'store-4 1 offered',
    ]);
    expect(await made.sync('store-2')).toBeUndefined();
    expect(await made.sync('store-1')).toMatchObject({ number: 1, publication: id });
    await confirm(made, ['store-1', 'store-4']);
    expect(await made.stateOf(id)).toBe('soaking');
    await made.restart();
    await made.pass(599_999);
    expect(await made.sync('store-2')).toBeUndefined();
    for (const site of SITES) await made.hear(site);
    await made.pass(1);
    expect(await made.stateOf(id)).toBe('all');
    await confirm(made, ['store-2', 'store-3']);
    expect(await made.stateOf(id)).toBe('done');
    const audit = await store.read((tx) => tx.audit({ limit: 100 }));
    expect(audit.map(({ action }) => action)).toEqual([
      'publish.is-canary',
      'publish.is-soaking',
      'publish.is-all',
      'publish.is-done',
    ]);
  });
});

describe('a publication', () => {
  it('halts after so many failures, offers nothing more, and goes on only by a person', async () => {
    const made = await world();
    const id = await made.publish({ rules: { haltAfter: 2, haltPercent: 0 } });
    await made.say('store-1', 1, 'reverted', { because: 'no lease was given' });
    expect(await made.stateOf(id)).toBe('all');
    await made.say('store-2', 1, 'refused');
    expect(await made.stateOf(id)).toBe('halted');
    expect(await made.sync('store-3')).toBeUndefined();
    expect(await why(made, id, 'store-3')).toBe(
      `waits: publication ${id} is halted: 2 sites reverted or refused it: store-1 (no lease was given); store-2. Resume it, or roll it back`,
    );
    await made.restart();
    await made.pass(86_400_000);
    expect(await made.stateOf(id)).toBe('halted');
    for (const site of SITES) await made.hear(site);
    await made.act(id, 'resume');
    expect([await made.stateOf(id), (await made.sync('store-3'))?.number]).toEqual(['all', 1]);
  });

  it('halts by rate once ten have tried', async () => {
    const many = Array.from({ length: 12 }, (_, n) => `s-${n + 10}`);
    const made = new RolloutWorld(createMapHubStore());
    await made.addSites(many);
    await made.push(many);
    const id = await made.publish({ rules: { haltAfter: 0, haltPercent: 20 } });
    await made.say('s-10', 1, 'reverted');
    await made.say('s-11', 1, 'reverted');
    await confirm(made, many.slice(2, 9));
    expect(await made.stateOf(id)).toBe('all');
    await confirm(made, many.slice(9, 10));
    expect(await made.stateOf(id)).toBe('halted');
  });

  it('hears the newest word of a site, whichever way what it said came in', async () => {
    const made = await world();
    const id = await made.publish({});
    await made.say('store-1', 1, 'trial', {}, false);
    const late = made.rollouts.onApply('store-1');
    await made.say('store-1', 1, 'confirmed');
    await late;
    expect(await made.rows(id)).toContain('store-1 1 confirmed');
    expect(await made.store.read((tx) => tx.get('sites', 'store-1'))).toMatchObject({ confirmedNumber: 1 });
  });

  it('that was done, halted and resumed is offered again, also by another process', async () => {
    const made = await world();
    const id = await made.publish({});
    await confirm(made, ['store-1', 'store-2']);
    made.clock.ms += SILENT_MS;
    await made.pass(0);
    expect(await made.stateOf(id)).toBe('done');
    await made.say('store-3', 1, 'reverted');
    expect([await made.stateOf(id), await made.rows(id)]).toEqual([
      'halted',
      ['store-1 1 confirmed', 'store-2 1 confirmed', 'store-3 1 reverted', 'store-4 1 waiting'],
    ]);
    await made.act(id, 'resume', false);
    await made.restart();
    expect([await made.stateOf(id), (await made.sync('store-4'))?.number]).toEqual(['done', 1]);
  });

  it('that was ended takes its offers back, also by another process', async () => {
    const made = await world();
    const id = await made.publish({});
    await made.act(id, 'abort', false);
    await made.restart();
    expect(await made.rows(id)).toEqual(SITES.map((site) => `${site} 1 waiting`));
  });

  it('does not wait for sites that are silent, and gives them the newest when they come back', async () => {
    const made = await world();
    const first = await made.publish({});
    await confirm(made, ['store-1', 'store-2', 'store-3']);
    made.clock.ms += SILENT_MS;
    for (const site of ['store-1', 'store-2', 'store-3']) await made.hear(site);
    await made.pass(0);
    expect(await made.stateOf(first)).toBe('done');
    expect(await why(made, first, 'store-4')).toMatch(/silent: it gets it when it comes back/);
    await made.push(SITES);
    const second = await made.publish({});
    expect(await made.rows(first)).toContain('store-4 1 superseded');
    expect(await made.sync('store-4')).toMatchObject({ number: 3, publication: second });
  });

  it('waits for a canary that fell silent while it tried', async () => {
    const made = await world();
    const id = await made.publish(CANARY);
    await made.say('store-1', 1, 'confirmed');
    await made.say('store-4', 1, 'trial');
    await made.pass(86_400_000);
    expect(await made.stateOf(id)).toBe('canary');
    expect(await why(made, id, '')).toMatch(/store-4 fell silent while it tried it/);
  });

  it('rolls back with higher numbers, canaries last, and leaves who went back alone', async () => {
    const made = await world();
    const id = await made.publish({ rules: { canary: ['store-1'], soakMs: 0 } });
    await confirm(made, ['store-1']);
    expect(await made.stateOf(id)).toBe('all');
    await confirm(made, ['store-2']);
    await made.say('store-3', 1, 'reverted');
    expect(await made.stateOf(id)).toBe('halted');
    await made.act(id, 'rollback');
    expect(await made.rows(id)).toEqual([
      'store-1 2 waiting',
      'store-2 2 offered',
      'store-3 1 reverted',
      // It was offered the new one, and may have it without having said so.
      'store-4 2 offered',
    ]);
    expect(await why(made, id, 'store-1')).toMatch(/go back last/);
    await confirm(made, ['store-2', 'store-4'], 2);
    expect(await made.sync('store-1', { highest: 1 })).toMatchObject({ number: 2 });
    await confirm(made, ['store-1'], 2);
    expect(await made.stateOf(id)).toBe('rolled-back');
  });

  it('leaves a site that had nothing before with what it has', async () => {
    const made = new RolloutWorld(createMapHubStore());
    await made.addSites(['store-1', 'store-2']);
    await made.push(['store-1', 'store-2'], { backs: false });
    const id = await made.publish({});
    await confirm(made, ['store-1']);
    await made.act(id, 'rollback');
    expect([await made.stateOf(id), await made.rows(id)]).toEqual([
      'rolled-back',
      ['store-1 1 confirmed', 'store-2 1 superseded'],
    ]);
    expect(await made.sync('store-2')).toBeUndefined();
  });

  it('gives an empty box in a store whose newest is held back what was confirmed there', async () => {
    const made = await world();
    await made.publish({});
    await confirm(made, SITES);
    await made.push(SITES);
    const second = await made.publish({});
    await made.say('store-1', 3, 'reverted');
    expect(await made.stateOf(second)).toBe('halted');
    expect(await made.sync('store-2', { highest: 1 })).toBeUndefined();
    expect(await made.sync('store-2', { highest: 0 })).toMatchObject({ number: 1 });
  });

  it('never offers less than the site has accepted', async () => {
    const made = await world();
    await made.publish({});
    expect(await made.sync('store-1', { highest: 7 })).toBeUndefined();
  });

  it('answers nothing to who has it', async () => {
    const made = await world();
    await made.publish({});
    const offered = await made.sync('store-1');
    expect(await made.sync('store-1', { bundle: offered?.bundle ?? '', highest: 1 })).toBeUndefined();
  });

  it.each([
    [{ push: 'p9' }, /no push/],
    [{ sites: 'tier=none' }, /none of its sites is chosen/],
    [{ sites: 'Tier' }, /neither the name/],
    [{ rules: { canary: ['store-9'] } }, /none of the sites/],
  ])('is refused: %j', async (body, because) => {
    await expect((await world()).publish(body)).rejects.toThrow(because);
  });

  it('is refused while the same push is under way, or after a newer one', async () => {
    const made = await world();
    const id = await made.publish({});
    await expect(made.publish({})).rejects.toThrow(`publication ${id} has push p1 under way`);
    await made.act(id, 'abort');
    await made.push(SITES);
    await made.publish({});
    await expect(made.publish({ push: 'p1' })).rejects.toThrow(/was offered a newer one/);
  });
});

describe('Sync', () => {
  it('gives nothing to a site that is to say Hello first', async () => {
    const made = await world();
    await made.publish({});
    const caller = { site: 'store-1', serial: '00', remote: '', throughProxy: false };
    const request = { session: 's', haveBundle: new Uint8Array(), highestNumber: 0n, waitMs: 55_000 };
    made.wantsHello = true;
    const signal = new AbortController().signal;
    expect(await made.rollouts.sync(caller, request, signal)).toMatchObject({ desired: undefined, hello: true });
    made.wantsHello = false;
    expect(await made.rollouts.sync(caller, request, signal)).toMatchObject({ desired: { number: 1n }, hello: false });
  });

  it('wakes who waits, and lets go of who hung up', async () => {
    const made = await world();
    const caller = { site: 'store-1', serial: '00', remote: '', throughProxy: false };
    const request = { session: 's', haveBundle: new Uint8Array(), highestNumber: 0n, waitMs: 55_000 };
    const gone = new AbortController();
    const first = made.rollouts.sync(caller, request, gone.signal);
    gone.abort();
    expect((await first).desired).toBeUndefined();
    const second = made.rollouts.sync(caller, request, new AbortController().signal);
    await made.publish({});
    expect(Number((await second).desired?.number)).toBe(1);
  });
});
