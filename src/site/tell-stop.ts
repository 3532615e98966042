import { AppError } from '../kernel/errors.ts';
import type { Log } from '../kernel/ports.ts';
import type { Store } from '../model/store.ts';

/** Says in the timeline that the silence from here on was meant. A disk in the way does not keep a site from stopping. */
export async function tellStop(store: Store, site: string, at: number, log: Log): Promise<void> {
  const event = { type: 'site-stopped', at, sentence: `Site ${site} is stopping.` } as const;
  await store.commit([], [event]).catch((thrown: unknown) => {
    log.warn({ reason: AppError.from(thrown).message }, 'the stop could not be written down');
  });
}
