import { shortDigest } from '../kernel/digest.ts';
import type { Clock, Log, Random } from '../kernel/ports.ts';
import type { ContentNews } from '../model/content.ts';
import type { NewEvent } from '../model/event.ts';
import type { Store } from '../model/store.ts';
import type { Wan } from '../model/wan-port.ts';
import { type ContentSettings, createContentStore, type RunningContentStore } from './content/store.ts';

export type ContentParts = {
  readonly settings: ContentSettings;
  readonly store: Pick<Store, 'commit'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** The line to the outside, which files share with images. */
  readonly wan: Wan;
};

/** The same is written down once in an hour: clients ask again and again. */
const QUIET_MS = 60 * 60_000;
/** As many different ones as are remembered for that. */
const MOST_TOLD = 500;

/** Opens the store of files, which checks them each month, and whose news are events. Rejects as `createContentStore` does. */
export async function openContent({ settings, ...parts }: ContentParts): Promise<RunningContentStore> {
  const content = await createContentStore({ settings, ...parts, tell: createTeller(parts) });
  content.scrubMonthly();
  return content;
}

/** Writes news down as events. */
export function createTeller({
  store,
  clock,
  log,
}: Omit<ContentParts, 'settings' | 'random' | 'wan'>): (news: ContentNews) => void {
  const toldAt = new Map<string, number>();
  return (news) => {
    const event = eventOf(news, clock.now());
    // What has ended may begin again at once.
    if (news.kind === 'room-again') toldAt.delete('no-room');
    const key = repeats(news);
    if (key !== undefined) {
      if (clock.monotonic() - (toldAt.get(key) ?? Number.NEGATIVE_INFINITY) < QUIET_MS) return;
      if (toldAt.size >= MOST_TOLD) toldAt.clear();
      toldAt.set(key, clock.monotonic());
    }
    store.commit([], [event]).catch((error: unknown) => log.warn({ error }, event.sentence));
  };
}

/** What clients can make happen again and again; news with the same answer are the same. */
function repeats(news: ContentNews): string | undefined {
  if (news.kind === 'no-room') return news.kind;
  return news.kind === 'wrong-bytes' ? `${news.source} ${news.digest}` : undefined;
}

function eventOf(news: ContentNews, at: number): NewEvent {
  switch (news.kind) {
    case 'no-room': {
      const { digest, name, because } = news;
      const sentence = `There is no room for ${name}: clients get it from its source, and it is not kept. ${because}`;
      return { type: 'disk-short', at, sentence, data: { digest, because } };
    }
    case 'room-again':
      return { type: 'disk-has-room', at, sentence: 'Files are kept again: there is room on the disk' };
    case 'damaged': {
      const { digest, because } = news;
      const sentence = `The stored file ${shortDigest(digest)} is damaged (${because}): it is out of the way, and fetched again if something needs it`;
      return { type: 'file-damaged', at, sentence, data: { file: digest, because } };
    }
    case 'healed': {
      const sentence = `The file ${shortDigest(news.digest)}, which was damaged, is here again`;
      return { type: 'file-healed', at, sentence, data: { file: news.digest } };
    }
    case 'wrong-bytes': {
      const { digest, name, source } = news;
      const sentence = `${source} sent other bytes than those of ${name}: they were thrown away`;
      return { type: 'source-wrong', at, sentence, data: { digest, source } };
    }
    default:
      return news satisfies never;
  }
}
