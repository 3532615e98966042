import { describe, expect, it } from 'vitest';
import {
  SampleClock,
  SampleLog,
  SampleStore,
  sampleProfile,
  sampleRevision,
  sampleSlot,
} from '../../test/support/sample-site.ts';
import type { Digest } from '../kernel/digest.ts';
import { parseImageReference, type UpstreamName } from '../kernel/image-name.ts';
import type { ImageState, Images } from '../model/images.ts';
import type { Revision } from '../model/revision.ts';
import { createImageDesk, imageEntries } from './image-desk.ts';
import { createNoteComplete, wantedHere } from './image-wants.ts';
import { createImageMeter } from './registry/meter.ts';
import type { RunningWanted } from './registry/wanted.ts';

const ref = (text: string) => parseImageReference(text) ?? expect.unreachable();
const images: Images = {
  upstreams: [
    {
      ...{ name: 'registry.test' as UpstreamName, url: 'http://registry.test', repositories: ['pos/*'] },
      ...{ access: 'anyone', isDefault: false, tokenHosts: [] },
    },
  ],
  wanted: [{ name: 'app', image: ref('registry.test/pos/app:1.4'), platforms: [], referrers: true }],
  tagsFreshSeconds: 900,
};
const needy = sampleProfile({ requiresImages: ['app'], arch: 'arm64' });

function world(state: ImageState = { kind: 'partial', doneBytes: 47, sizeBytes: 100 }) {
  const store = new SampleStore();
  const clock = new SampleClock();
  let revision: Revision = sampleRevision({ images, slots: { 'pos-1': sampleSlot({ profile: needy }) } });
  const revisions = { current: () => revision };
  const calls: string[] = [];
  const wanted: RunningWanted = {
    states: () => wantedHere({ store, revisions }).map((one) => ({ ...one, state, isFetching: false })),
    missing: () => undefined,
    changed: ({ now } = { now: false }) => calls.push(`changed${now ? ' now' : ''}`),
    pull: async (name) => {
      calls.push(`pull ${name}`);
      return state;
    },
    stop: async () => undefined,
  };
  const meter = createImageMeter({ clock, onFirstByte: () => undefined });
  const desk = createImageDesk({
    store,
    revisions,
    wanted,
    meter,
    clock,
    verify: { view: () => undefined, begin: () => '' },
  });
  const enter = (changes: Partial<Revision>) => {
    revision = { ...revision, ...changes };
  };
  const note = createNoteComplete({ store, revisions, clock, log: new SampleLog() });
  return { store, desk, calls, enter, note, wanted };
}

describe('the list of images', () => {
  it('says how far each is, and whom it holds back; head office hears of each tenth', () => {
    const { desk } = world();
    const { images: views } = desk.view();
    expect(views).toEqual([
      {
        ...{ name: 'app', image: 'registry.test/pos/app:1.4', platforms: [], by: 'revision', requiredBy: ['demo'] },
        ...{ state: 'partial', sentence: '47 %', percent: 47, doneBytes: 47, sizeBytes: 100, fetching: false },
      },
    ]);
    expect(imageEntries(views)).toEqual([
      { name: 'app', image: 'registry.test/pos/app:1.4', by: 'revision', state: 'partial', sentence: '40 %' },
    ]);
    expect(imageEntries([])).toBeUndefined();
  });

  it('says why one failed', () => {
    const [view] = world({ kind: 'failed', because: 'no way' }).desk.view().images;
    expect(view).toMatchObject({ state: 'failed', sentence: 'failed because no way', because: 'no way' });
  });
});

describe('a person', () => {
  it('keeps an image that no template wants, for the machines of the site', async () => {
    const { desk, store, calls } = world();
    await desk.carryOut('pin', 'registry.test/pos/tool:3');
    await desk.carryOut('pin', 'registry.test/pos/tool:3');
    expect(desk.view().images[1]).toMatchObject({
      ...{ name: 'registry.test/pos/tool:3', by: 'person', platforms: ['linux/arm64'], requiredBy: [] },
    });
    expect(store.kept.map(({ type, data }) => [type, data])).toEqual([
      ['image-pinned', { image: 'registry.test/pos/tool:3', pinned: true }],
    ]);
    await desk.carryOut('unpin', 'registry.test/pos/tool:3');
    expect(desk.view().images).toHaveLength(1);
    expect(calls).toEqual(['changed now', 'pull registry.test/pos/tool:3', 'changed']);
  });

  it('is not held to a registry that the template names no more', async () => {
    const { desk, enter } = world();
    await desk.carryOut('pin', 'registry.test/pos/tool:3');
    enter({ images: { ...images, upstreams: [] } });
    expect(desk.view().images.map(({ name }) => name)).toEqual(['app']);
  });

  it('pulls by the name of the template, or by the whole name', async () => {
    const { desk, calls } = world();
    await desk.carryOut('pull', 'app');
    expect(await desk.carryOut('pull', 'REGISTRY.test/pos/app:1.4')).toBe('Image app is being fetched.');
    expect(calls).toEqual(['pull app', 'pull app']);
  });

  it.each([
    ['pull', 'tool', 'not-found'],
    ['pin', 'quay.io/org/app', 'command-refused'],
    ['pin', 'registry.test/other/app', 'command-refused'],
    ['pin', 'A b', 'usage-invalid'],
    ['unpin', 'registry.test/pos/tool', 'not-found'],
  ] as const)('cannot %s %s', async (command, image, code) => {
    const { desk, calls } = world();
    await expect(desk.carryOut(command, image)).rejects.toMatchObject({ code });
    expect(calls).toEqual([]);
  });
});

describe('that an image is here', () => {
  it('is told once for each image and revision, also after a restart', async () => {
    const { note, store, enter, wanted } = world();
    const [app] = wanted.states();
    const tell = async (): Promise<number> => {
      note(app ?? expect.unreachable(), 1_200_000);
      await Promise.resolve();
      return store.kept.length;
    };
    expect([await tell(), await tell()]).toEqual([1, 1]);
    expect(store.kept[0]).toMatchObject({
      type: 'image-complete',
      sentence: 'Image app (registry.test/pos/app:1.4) is here whole, 1.2 MB: revision 3 wants it',
      data: { name: 'app', image: 'registry.test/pos/app:1.4', revision: 3, sizeBytes: 1_200_000 },
    });
    enter({ number: 4, digest: 'd'.repeat(64) as Digest });
    expect([await tell(), await tell()]).toEqual([2, 2]);
    note({ ...(app ?? expect.unreachable()), by: 'person' }, 1);
    expect(store.kept).toHaveLength(2);
  });
});
