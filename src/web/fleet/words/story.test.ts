import { expect, it } from 'vitest';
import { DAY, NOW, sampleEvent } from '../../../../test/support/fleet-views.ts';
import { story } from './story.ts';

it('tells by days what happened, in the words of the site, with its tone', () => {
  const events = [sampleEvent(), sampleEvent({ id: 3, type: 'boot-stalled', at: NOW - DAY, sentence: 'no answer' })];
  expect(story(events, NOW)).toEqual([
    { day: 'Today', lines: [{ key: 9, time: '11:00', text: 'pos-1 is enrolled', tone: 'good' }] },
    { day: 'Yesterday', lines: [{ key: 3, time: '12:00', text: 'no answer', tone: 'bad' }] },
  ]);
});

it('tells a hole as a hole, with how much is missing', () => {
  const [day] = story([sampleEvent({ type: 'gap', seq: 5, through: 14, sentence: 'its disk was full' })], NOW);
  expect(day?.lines[0]).toMatchObject({ text: '10 events are missing here: its disk was full', tone: 'bad' });
});
