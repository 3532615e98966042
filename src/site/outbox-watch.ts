import { formatDuration } from '../kernel/duration.ts';
import { OUTBOX } from '../model/outbox.ts';
import type { Store } from '../model/store.ts';

const DAY_MS = 86_400_000;

/** Says that events are gone which head office never had. Rejects with an AppError if that cannot be written. */
export async function tellDropped(store: Store, count: number, at: number): Promise<void> {
  const sentence = `${count} events were dropped before head office had them: they were too old, or there were too many.`;
  await store.commit([], [{ type: 'events-dropped', at, sentence, data: { count } }]);
}

/** Says, once a day, that events wait for head office for longer than a day. Rejects with an AppError of the store. */
export async function tellWaiting(store: Store, now: number): Promise<void> {
  const ackedThrough = store.state.link.get(OUTBOX)?.ackedThrough ?? 0;
  const [oldest] = await store.events({ afterSeq: ackedThrough, limit: 1 });
  if (!oldest || now - oldest.at < DAY_MS) return;
  const [told] = await store.events({ types: ['events-waiting'], limit: 1, newestFirst: true });
  if (told && now - told.at < DAY_MS) return;
  const count = store.lastSeq - ackedThrough;
  const sentence = `${count} events wait for head office, the oldest for ${formatDuration(now - oldest.at)}.`;
  await store.commit([], [{ type: 'events-waiting', at: now, sentence, data: { count, since: oldest.at } }]);
}
