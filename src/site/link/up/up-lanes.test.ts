import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FAULTS, type Fault, UpWorld } from '../../../../test/support/up-world.ts';

const seed = Number(process.env['SLIPWAY_SEED'] ?? 1);
/** Each run opens databases on disk a few times. */
const numRuns = Math.min(100, Number(process.env['SLIPWAY_RUNS'] ?? 4));

type Step =
  | { readonly do: 'happen' | 'prune'; readonly count: number }
  | { readonly do: 'talk'; readonly faults: readonly Fault[] }
  | { readonly do: 'restartSite' | 'restartHub' | 'saveSite' | 'restoreSite' | 'saveHub' | 'restoreHub' };

async function walk(world: UpWorld, steps: readonly Step[]): Promise<void> {
  for (const step of steps) {
    if (step.do === 'happen') await world.happen(step.count);
    else if (step.do === 'prune') await world.prune(step.count);
    else if (step.do === 'talk') await world.talk(step.faults);
    else await world[step.do]();
  }
}

/** The promise of the lane, whatever happened before. */
async function expectWhole(world: UpWorld, steps: readonly Step[], before: number): Promise<void> {
  await world.settle();
  const [here, there] = [await world.atSite(), await world.atHub()];
  const told = there.filter(({ type }) => type === 'boot-opened' || type === 'node-enrolled');
  const sentences = told.map(({ sentence }) => sentence);
  expect(sentences, 'none is counted twice').toEqual([...new Set(sentences)]);
  const at = new Set(sentences);
  expect(
    here.filter(({ sentence }) => !at.has(sentence)),
    'what the site keeps is at head office',
  ).toEqual([]);
  expect(
    [...world.acked].filter((sentence) => !at.has(sentence)),
    'nothing acknowledged is lost',
  ).toEqual([]);
  expect(await world.enrolmentsAtHub()).toBe(sentences.filter((each) => each.startsWith('node-enrolled')).length);
  expect(await world.stateAtHub()).toEqual(Object.fromEntries(world.entries));
  const hasHoles = steps.some((step) => step.do === 'prune');
  if (!hasHoles) expect(there.filter(({ type }) => type === 'gap').length, 'no gap is told that is none').toBe(before);
}

async function proves(world: UpWorld, steps: readonly Step[]): Promise<void> {
  world.forgetSaves();
  const others = async () => (await world.atHub()).filter(({ type }) => type === 'gap').length;
  const before = await others();
  await walk(world, steps);
  await expectWhole(world, steps, before);
}

const happen = (count: number): Step => ({ do: 'happen', count });
const talk = (...faults: Fault[]): Step => ({ do: 'talk', faults });
const step = (name: 'restartSite' | 'restartHub' | 'saveSite' | 'restoreSite' | 'saveHub' | 'restoreHub'): Step => ({
  do: name,
});

describe('what happens at a site', () => {
  // One for all: each case goes on where the one before has ended, with all of it settled.
  let world: UpWorld;
  beforeAll(async () => {
    world = await UpWorld.open();
  });
  afterAll(() => world.close());

  it.each<[string, readonly Step[]]>([
    ['comes to head office', [happen(300), talk(), happen(2)]],
    ['comes once, if an answer is lost behind the commit', [happen(5), talk('ok', 'answer-lost'), happen(3)]],
    ['comes once, if a report arrives when it was given up', [happen(5), talk('ok', 'late'), happen(3), talk()]],
    ['comes once, if the site is killed before it has the answer', [happen(5), talk('ok', 'site-killed'), happen(3)]],
    ['comes once, if the first Hello of all has no answer', [happen(2), talk('answer-lost'), step('restartSite')]],
    ['comes again, if head office was restored', [step('saveHub'), happen(400), talk(), step('restoreHub'), happen(1)]],
    [
      'is counted anew where a restored site goes on',
      [happen(4), talk(), step('saveSite'), happen(6), talk(), step('restoreSite'), happen(9), talk(), happen(1)],
    ],
    [
      'is counted anew before a restored site goes on',
      [happen(4), talk(), step('saveSite'), happen(6), talk(), step('restoreSite'), talk(), happen(9)],
    ],
    [
      'is counted once by a site that is restored twice to the same day',
      [
        ...[happen(4), talk(), step('saveSite'), happen(6), talk(), step('restoreSite'), happen(9), step('saveSite')],
        ...[talk(), happen(3), talk(), step('restoreSite'), happen(2)],
      ],
    ],
    [
      'is whole after both were restored',
      [
        ...[happen(4), talk(), step('saveHub'), step('saveSite'), happen(6), talk(), step('restoreSite')],
        ...[happen(9), talk(), step('restoreHub'), happen(2)],
      ],
    ],
    [
      'comes again in each of its numberings, if head office was restored behind a restored site',
      [
        ...[step('saveHub'), happen(9), talk(), step('saveSite'), happen(3), talk(), step('restoreSite'), happen(5)],
        ...[talk(), step('restoreHub'), happen(1)],
      ],
    ],
    ['is told as a gap, if it was dropped before', [happen(9), { do: 'prune', count: 2 }, talk(), happen(3)]],
    ['is told as a gap, if all of it was dropped before', [happen(9), { do: 'prune', count: 0 }, talk()]],
  ])('%s', (_, steps) => proves(world, steps));

  it('says how many are lost, and head office has the others', async () => {
    await world.settle();
    const from = Math.max(...(await world.atHub()).map(({ seq, through = seq }) => through));
    await world.happen(9);
    await world.talk(['ok', 'answer-lost']);
    await world.happen(9);
    await world.prune(4);
    await world.settle();
    const there = (await world.atHub()).filter(({ seq }) => seq > from);
    expect(there.map(({ seq, through }) => [seq - from, through && through - from]).slice(8)).toEqual([
      [9, undefined],
      [10, 14],
      ...[15, 16, 17, 18].map((seq) => [seq, undefined]),
    ]);
  });

  it('is whole after whatever may happen to it on its way', async () => {
    const fault = fc.constantFrom(...FAULTS);
    const steps: fc.Arbitrary<Step> = fc.oneof(
      { weight: 5, arbitrary: fc.record({ do: fc.constant('happen' as const), count: fc.nat(260) }) },
      {
        weight: 6,
        arbitrary: fc.record({ do: fc.constant('talk' as const), faults: fc.array(fault, { maxLength: 5 }) }),
      },
      { weight: 2, arbitrary: fc.constantFrom(step('restartSite'), step('restartHub')) },
      { weight: 3, arbitrary: fc.constantFrom(step('saveSite'), step('saveHub')) },
      { weight: 3, arbitrary: fc.constantFrom(step('restoreSite'), step('restoreHub')) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('prune' as const), count: fc.nat(30) }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { minLength: 4, maxLength: 16 }), async (all) => {
        const own = await UpWorld.open();
        await proves(own, all).finally(() => own.close());
      }),
      { seed, numRuns },
    );
  });
});
