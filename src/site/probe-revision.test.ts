import { describe, expect, test } from 'vitest';
import { INITRD, KERNEL, SITE, sampleProfile, sampleRevision, sampleSlot } from '../../test/support/sample-site.ts';
import type { Digest } from '../kernel/digest.ts';
import type { AssetState } from '../model/content.ts';
import type { Profile, Revision } from '../model/revision.ts';
import { type ProbeWorld, whyLacking, whyUnanswerable } from './probe-revision.ts';

const world: ProbeWorld = {
  ...{ siteName: 'store-0417', addresses: [SITE] },
  assetState: () => ({ kind: 'complete', sizeBytes: 1 }),
  loaders: { find: (name) => ({ name, digest: KERNEL, sizeBytes: 1 }) },
};
const withProfile = (changes: Partial<Profile>): Revision =>
  sampleRevision({ slots: { 'pos-1': sampleSlot({ profile: sampleProfile(changes) }) } });

const whyNot = (revision: Revision, at: ProbeWorld) => whyLacking(revision, at) ?? whyUnanswerable(revision, at);

describe('whether each slot could be answered', () => {
  test('one that is right can, live or to be installed', () => {
    expect(whyNot(sampleRevision(), world)).toBeUndefined();
    const install = {
      completes: 'phone-home',
      attempts: 3,
      withinSeconds: 60,
      wipe: [{ key: 'wipe', value: true }],
    } as const;
    expect(whyNot(withProfile({ kind: 'install', install }), world)).toBeUndefined();
    expect(whyNot(withProfile({ arch: 'arm64' }), world)).toBeUndefined();
  });

  test.each<[string, Revision, string]>([
    [
      'a command line with a place that nobody fills',
      withProfile({ cmdline: [{ key: 'x', value: '@{boot.nothing}' }] }),
      'pos-1: command line of pos-1: nothing is known to fill @{boot.nothing} with',
    ],
    [
      'a document with one',
      withProfile({ documents: { talos: { kind: 'text', text: 'a: @{boot.nothing}', fill: true, secret: false } } }),
      'pos-1: talos: nothing is known to fill @{boot.nothing} with',
    ],
    ['no network where the site stands', sampleRevision({ networks: {} }), 'it has no network nodes'],
    [
      'content that is no revision at all',
      { ...sampleRevision(), slots: { 'pos-1': {} } } as unknown as Revision,
      'it cannot be answered from',
    ],
  ])('%s', (_what, revision, because) => {
    expect(whyUnanswerable(revision, world)).toContain(because);
  });
});

test('what is not here is named, and how far it is in tens', () => {
  const states = new Map<Digest, AssetState>([
    [KERNEL, { kind: 'filling', bytesDone: 47, sizeBytes: 100 }],
    [INITRD, { kind: 'complete', sizeBytes: 1 }],
  ]);
  const assetState = (digest: Digest): AssetState => states.get(digest) ?? { kind: 'absent' };
  expect(whyLacking(sampleRevision(), { ...world, assetState })).toBe('demo: kernel 40 %');
  const loaders = { find: () => undefined };
  expect(whyLacking(sampleRevision(), { ...world, loaders })).toContain('the loader snponly.efi is not here yet');
  // It is waited for: a new box has its first revision before its loaders.
  expect(whyUnanswerable(sampleRevision(), { ...world, loaders })).toBeUndefined();
});
