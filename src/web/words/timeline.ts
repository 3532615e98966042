import type { EventView } from '../../wire/api/views.ts';
import { plain } from './plain.ts';
import { STEPS, type Tone } from './slot.ts';
import { clockTime, dayOf, howLong } from './time.ts';

/** A line of the timeline of a slot. */
export type Line = { readonly key: number; readonly time: string; readonly text: string; readonly tone: Tone };
export type Day = { readonly day: string; readonly lines: readonly Line[] };

type Row = { readonly tone: Tone; readonly say?: (event: EventView) => string | undefined };

/** What is not named here is told as the site tells it. */
const ROWS: Readonly<Record<string, Row>> = {
  'boot-opened': { tone: 'busy', say: () => 'Switched on' },
  'boot-stage': { tone: 'none', say: stageWords },
  'boot-closed': { tone: 'note' },
  'boot-stalled': { tone: 'bad' },
  'image-pulled': { tone: 'none', say: pulledWords },
  'node-enrolled': { tone: 'good', say: enrolledWords },
  'node-healthy': { tone: 'good' },
  'node-lost': { tone: 'bad' },
  'order-given': { tone: 'note' },
  'order-parked': { tone: 'bad' },
  'order-void': { tone: 'note' },
  'slot-conflict': { tone: 'bad' },
  'slot-filled': { tone: 'note' },
  'slot-held': { tone: 'note' },
  'slot-released': { tone: 'note' },
  'machine-fenced': { tone: 'note' },
  'secret-fetched': { tone: 'none', say: () => 'Fetched its settings' },
  'secret-refused': { tone: 'bad' },
  'address-conflict': { tone: 'bad' },
};

/** How an event of this type looks. */
export function toneOf(type: string): Tone {
  return ROWS[type]?.tone ?? 'none';
}

/** Addresses are given every few minutes, and nobody asks for them; that a start is done is told by how it ended. */
function isHidden({ type, data }: EventView): boolean {
  return type === 'lease-granted' || type === 'lease-released' || (type === 'boot-stage' && data?.['stage'] === 'done');
}

/** The life of a slot by days, the newest first. `now` is the time of the site. */
export function timeline(events: readonly EventView[], slot: string, now: number): Day[] {
  const days = new Map<string, Line[]>();
  for (const event of [...events].sort((a, b) => b.seq - a.seq)) {
    if (isHidden(event)) continue;
    const day = dayOf(event.at, now);
    days.set(day, [...(days.get(day) ?? []), lineOf(event, slot)]);
  }
  return [...days].map(([day, lines]) => ({ day, lines }));
}

function lineOf(event: EventView, slot: string): Line {
  const row = ROWS[event.type];
  const text = row?.say?.(event) ?? plain(withoutName(event.sentence, slot));
  return { key: event.seq, time: clockTime(event.at), text, tone: toneOf(event.type) };
}

/** The page of a slot need not say in each line which slot it is. */
function withoutName(sentence: string, slot: string): string {
  const name = [`${slot}: `, `${slot} is `].find((start) => sentence.startsWith(start));
  return name === undefined ? sentence : sentence.slice(name.length);
}

/** `pos-1 pulled …`: the words behind whoever did. */
function pulledWords({ sentence }: EventView): string {
  return `Pulled ${sentence.slice(sentence.indexOf(' pulled ') + ' pulled '.length)}`;
}

function enrolledWords({ data }: EventView): string {
  return data?.['order'] === undefined ? 'Came up, and works' : 'Installed: from now on it starts from its own disk';
}

function stageWords({ data }: EventView): string | undefined {
  const step = STEPS[String(data?.['stage'])];
  const afterMs = data?.['afterMs'];
  if (step === undefined) return undefined;
  return plain(typeof afterMs === 'number' ? `${step}, after ${howLong(afterMs)}` : step);
}
