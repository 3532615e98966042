import type { FleetEventView } from '../../../wire/api/fleet-views.ts';
import type { Tone } from '../../words/slot.ts';
import { clockTime, dayOf } from '../../words/time.ts';
import { toneOf } from '../../words/timeline.ts';

export type StoryLine = { readonly key: number; readonly time: string; readonly text: string; readonly tone: Tone };
export type StoryDay = { readonly day: string; readonly lines: readonly StoryLine[] };

/** What happened, by days, as it is given: the newest first. A hole in it is told as one. */
export function story(events: readonly FleetEventView[], now: number): readonly StoryDay[] {
  const days = new Map<string, StoryLine[]>();
  for (const event of events) {
    const day = dayOf(event.at, now);
    days.set(day, [...(days.get(day) ?? []), lineOf(event)]);
  }
  return [...days].map(([day, lines]) => ({ day, lines }));
}

function lineOf({ id, type, at, sentence, seq, through }: FleetEventView): StoryLine {
  if (type !== 'gap') return { key: id, time: clockTime(at), text: sentence, tone: toneOf(type) };
  const many = through === undefined ? '' : `${through - seq + 1} `;
  return { key: id, time: clockTime(at), text: `${many}events are missing here: ${sentence}`, tone: 'bad' };
}
