import { describe, expect, it } from 'vitest';
import { IMAGE_STATES, type ImageView } from '../../wire/api/images.ts';
import { imageNotes, imagesSummary, imageWords } from './images.ts';

const image = (more: Partial<ImageView> = {}): ImageView => ({
  ...{ name: 'app', image: 'registry.test/pos/app:1.4', platforms: ['linux/amd64'], by: 'revision', requiredBy: [] },
  ...{ state: 'complete', sentence: 'complete', fetching: false, ...more },
});

describe('images', () => {
  it('have a word for each state', () => {
    expect(IMAGE_STATES.map((state) => imageWords(state).word)).toEqual([
      'Here',
      'On its way',
      'Not begun',
      'Not here',
    ]);
  });

  it('say who waits for them, and why they are not here', () => {
    const requiredBy = ['pos', 'kiosk'];
    expect(imageNotes(image({ requiredBy }))).toEqual([]);
    expect(imageNotes(image({ state: 'partial', sentence: '40 %', requiredBy }))).toEqual([
      '40 %.',
      'Machines that run pos, kiosk wait for it.',
    ]);
    expect(imageNotes(image({ state: 'failed', sentence: 'failed because no way' }))).toEqual([
      'Failed because no way.',
    ]);
    expect(imageNotes(image({ state: 'waiting', sentence: 'not begun' }))).toEqual([]);
  });

  it('are counted where not all are here', () => {
    expect(imagesSummary([image(), image()])).toBe('Images (2)');
    expect(imagesSummary([image(), image({ state: 'waiting' })])).toBe('Images (1 of 2 here)');
  });
});
