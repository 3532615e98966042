import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createMapHubStore, LOST_UNIT } from '../../../test/support/map-hub-store.ts';
import { RolloutWorld } from '../../../test/support/rollout-world.ts';
import { AppError } from '../../kernel/errors.ts';
import { PUBLICATION_ENDED, type Publication, type PublicationSiteState } from '../../model/fleet/hub-rows.ts';
import { PUBLICATION_ACTS } from '../../wire/api/fleet-views.ts';
import { planOf } from './load-plan.ts';
import { explainPublication, explainRow } from './policy/explain.ts';
import { OFFERING_STATES } from './policy/plan.ts';

const SITES = ['s-1', 's-2', 's-3', 's-4', 's-5'];
const SOAK_MS = 600_000;

/** A box of a store: what it has accepted, and how far it is. */
type Box = { highest: number; bundle: string; number: number; publication: string; state: PublicationSiteState };
type Step =
  | { readonly kind: 'time'; readonly ms: number }
  | { readonly kind: 'poll'; readonly site: string }
  | { readonly kind: 'say'; readonly site: string; readonly state: PublicationSiteState; readonly isHeard: boolean }
  | { readonly kind: 'new-box'; readonly site: string }
  | { readonly kind: 'all-well' }
  | {
      readonly kind: 'act';
      readonly act: (typeof PUBLICATION_ACTS)[number];
      readonly which: number;
      readonly goesOn: boolean;
    }
  | { readonly kind: 'publish'; readonly canary: boolean }
  | { readonly kind: 'publish-again'; readonly push: number; readonly canary: boolean }
  | { readonly kind: 'restart' }
  | { readonly kind: 'lost-unit' };

const site = fc.constantFrom(...SITES);
const said = fc.constantFrom<PublicationSiteState>('fetched', 'trial', 'deferred', 'confirmed', 'reverted', 'refused');
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('time' as const), ms: fc.constantFrom(1_000, 100_000, SOAK_MS) }),
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('poll' as const), site }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('say' as const), site, state: said, isHeard: fc.boolean() }) },
  fc.record({ kind: fc.constant('new-box' as const), site }),
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('all-well' as const) }) },
  fc.record({
    kind: fc.constant('act' as const),
    act: fc.constantFrom(...PUBLICATION_ACTS),
    which: fc.nat(3),
    goesOn: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('publish' as const), canary: fc.boolean() }),
  fc.record({
    kind: fc.constant('publish-again' as const),
    push: fc.integer({ min: 1, max: 3 }),
    canary: fc.boolean(),
  }),
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
  fc.record({ kind: fc.constant('lost-unit' as const) }),
);

class Walk {
  readonly #store = createMapHubStore();
  readonly world = new RolloutWorld(this.#store);
  readonly #boxes = new Map<string, Box>();
  readonly #offered = new Map<string, number>();

  async take(next: Step): Promise<void> {
    await this.#carryOut(next).catch((thrown: unknown) => {
      const isRefused = thrown instanceof AppError && ['command-refused', 'not-found'].includes(thrown.code);
      if (!isRefused && (thrown as Error).message !== LOST_UNIT) throw thrown;
    });
    await this.#check();
  }

  async #carryOut(next: Step): Promise<void> {
    const { world } = this;
    if (next.kind === 'time') return world.pass(next.ms);
    if (next.kind === 'poll') return this.poll(next.site);
    if (next.kind === 'say') return this.say(next.site, next.state, next.isHeard);
    if (next.kind === 'new-box') return void this.#boxes.delete(next.site);
    if (next.kind === 'restart') return world.restart();
    if (next.kind === 'all-well') return this.#allWell();
    if (next.kind === 'lost-unit') return this.#store.failUnits(1);
    if (next.kind === 'act') return world.act(`r${next.which + 1}`, next.act, next.goesOn);
    const rules = { canary: next.canary ? ['s-1', 's-2'] : [], soakMs: SOAK_MS, haltAfter: 2 };
    if (next.kind === 'publish') await world.push(SITES);
    await world.publish(next.kind === 'publish' ? { rules } : { push: `p${next.push}`, rules });
  }

  async poll(name: string): Promise<void> {
    const box = this.#boxes.get(name);
    await this.world.hear(name);
    const given = await this.world.sync(name, box);
    if (!given) return;
    // No box is ever offered less than it has accepted, nor the same number with other content.
    expect(given.number).toBeGreaterThan(box?.highest ?? 0);
    await this.#mayGive(name, given);
    this.#boxes.set(name, { ...given, highest: given.number, state: 'offered' });
  }

  /** Nothing that is halted, paused or aborted is given, and nobody but canaries gets it before the soak is over. */
  async #mayGive(name: string, given: { number: number; publication: string }): Promise<void> {
    const { publication, row } = await this.world.store.read(async (tx) => ({
      publication: await tx.get('publications', given.publication),
      row: await tx.get('publicationSites', `${given.publication}/${name}`),
    }));
    const hasIt = ['fetched', 'trial', 'deferred', 'confirmed'].includes(row?.state ?? '');
    expect(hasIt || OFFERING_STATES.includes(publication?.state ?? 'halted')).toBe(true);
    if (publication?.state === 'canary' || publication?.state === 'soaking') expect(row?.isCanary).toBe(true);
  }

  async say(name: string, state: PublicationSiteState, isHeard: boolean): Promise<void> {
    const box = this.#boxes.get(name);
    if (!box) return;
    box.state = state;
    await this.world.hear(name);
    await this.world.say(name, box.number, state, { publication: box.publication }, isHeard);
  }

  async publications(): Promise<readonly Publication[]> {
    return (await this.world.store.read((tx) => tx.list('publications'))).map(({ row }) => row);
  }

  /** What a site is offered has an ever higher number. */
  async #checkNumbers(): Promise<void> {
    for (const { row } of await this.world.store.read((tx) => tx.list('desired'))) {
      expect(row.number, row.site).toBeGreaterThanOrEqual(this.#offered.get(row.site) ?? 0);
      this.#offered.set(row.site, row.number);
    }
  }

  /** Each publication is at its end, or says why it is not; so does each of its sites. */
  async #check(): Promise<void> {
    await this.#checkNumbers();
    for (const publication of await this.publications()) {
      const plan = await this.world.store.read((tx) => planOf(tx, publication, this.world.rollouts.reach()));
      if (publication.state === 'paused' || publication.state === 'halted') expect(publication.because).toBeTruthy();
      for (const row of plan.rows)
        if (row.state !== 'confirmed') expect(explainRow(plan, row)?.because, `${row.site} ${row.state}`).toBeTruthy();
    }
  }

  /** From here on all goes well, and nobody does anything but to resume. */
  async finish(): Promise<void> {
    this.#store.failUnits(0);
    await this.world.restart();
    for (let round = 0; round < 12; round++) {
      for (const { id, state } of await this.publications())
        if (state === 'paused' || state === 'halted') await this.world.act(id, 'resume');
      await this.#allWell();
      await this.world.pass(SOAK_MS);
      await this.#check();
    }
  }

  async #allWell(): Promise<void> {
    for (const name of SITES) await this.#goWell(name);
  }

  async #goWell(name: string): Promise<void> {
    await this.poll(name);
    const state = this.#boxes.get(name)?.state;
    const isOver = state === 'confirmed' || state === 'reverted' || state === 'refused';
    if (!isOver) await this.say(name, 'confirmed', true);
  }
}

it('keeps its promises whatever sites say, people do and processes die', async () => {
  const walk = fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
    const made = new Walk();
    await made.world.addSites(SITES);
    await made.take({ kind: 'publish', canary: true });
    for (const next of steps) await made.take(next);
    await made.finish();
    for (const publication of await made.publications()) {
      const plan = await made.world.store.read((tx) => planOf(tx, publication, made.world.rollouts.reach()));
      const says = PUBLICATION_ENDED.includes(publication.state) || explainPublication(plan)?.because;
      expect(says, `${publication.id} is ${publication.state}`).toBeTruthy();
    }
  });
  await fc.assert(walk);
});
