import { describe, expect, it } from 'vitest';
import { MINUTE, NOW } from '../../../test/support/page-views.ts';
import type { EventView } from '../../wire/api/views.ts';
import { timeline } from './timeline.ts';

let seq = 0;
function event(type: string, sentence: string, more: Partial<EventView> = {}): EventView {
  seq += 1;
  return { seq, type, sentence, at: NOW + seq * 1_000, slot: 'pos-1', ...more };
}

const texts = (...events: EventView[]): string[] =>
  timeline(events, 'pos-1', NOW).flatMap(({ lines }) => lines.map(({ text }) => text));

describe('the timeline of a slot', () => {
  it.each<[EventView, string]>([
    [event('boot-opened', 'Dell was switched on'), 'Switched on'],
    [event('boot-stage', 'x', { data: { stage: 'kernel', afterMs: 21_000 } }), 'Fetching its system, after 21 s'],
    [event('boot-stage', 'pos-1: something new', { data: { stage: 'new' } }), 'Something new'],
    [event('boot-closed', 'pos-1: up after 40.0 s'), 'Up after 40.0 s'],
    [event('secret-fetched', 'pos-1 fetched user-data, which is secret'), 'Fetched its settings'],
    [event('image-pulled', 'pos-1 pulled registry.test/app:1, 12 MB'), 'Pulled registry.test/app:1, 12 MB'],
    [event('node-enrolled', 'x', { data: { order: 'o1' } }), 'Installed: from now on it starts from its own disk'],
    [event('node-enrolled', 'x'), 'Came up, and works'],
    [
      event('slot-held', 'pos-1 is held: nothing is installed there, says page'),
      'Held: nothing is installed there, from this page',
    ],
    [event('a-new-kind', 'pos-1: slipway reinstall pos-1'), '“Install again”'],
  ])('%#', (told, text) => {
    expect(texts(told)).toEqual([text]);
  });

  it('leaves out what nobody asks for', () => {
    expect(texts(event('lease-granted', 'x'), event('boot-stage', 'x', { data: { stage: 'done' } }))).toEqual([]);
  });

  it('has the newest first, day by day', () => {
    const early = event('node-lost', 'pos-1 is lost', { at: NOW - 24 * 60 * MINUTE });
    const late = event('node-healthy', 'pos-1 is heard again', { at: NOW });
    expect(timeline([early, late], 'pos-1', NOW)).toEqual([
      { day: 'Today', lines: [{ key: late.seq, time: '12:00', text: 'Heard again', tone: 'good' }] },
      { day: 'Yesterday', lines: [{ key: early.seq, time: '12:00', text: 'Lost', tone: 'bad' }] },
    ]);
  });
});
