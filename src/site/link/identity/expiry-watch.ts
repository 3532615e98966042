import { AppError } from '../../../kernel/errors.ts';
import type { Cancel, Clock, Log } from '../../../kernel/ports.ts';
import type { NewEvent } from '../../../model/event.ts';
import { EXPIRY_ALARMS, type ExpiryAlarm } from '../../../model/fleet/validity.ts';
import type { Validity } from '../../../model/fleet/x509.ts';
import type { Store } from '../../../model/store.ts';
import { dueExpiryAlarm, type ExpiryTold } from '../policy/expiry.ts';

const HOUR_MS = 3_600_000;

/** Looks every hour, by the clock on the wall, whether somebody must be told that the certificate was not renewed. */
export function watchExpiry(parts: {
  readonly validity: () => Validity | undefined;
  readonly events: Pick<Store, 'events'>;
  readonly tell: (event: NewEvent) => Promise<unknown>;
  readonly clock: Clock;
  readonly log: Log;
}): Cancel {
  const { validity, events, tell, clock, log } = parts;
  let isStopped = false;
  let cancel: Cancel = () => undefined;

  async function look(): Promise<void> {
    const own = validity();
    if (!own) return;
    const part = dueExpiryAlarm(own, await lastTold(events), clock.now());
    if (part === undefined) return;
    const until = new Date(own.notAfter).toISOString();
    await tell({
      ...{ type: 'certificate-expiring', at: clock.now(), data: { part, until } },
      sentence: sentenceOf(part, until.slice(0, 10)),
    });
  }

  function tick(): void {
    void look()
      .catch((thrown: unknown) =>
        log.warn({ reason: AppError.from(thrown).message }, 'the end of the certificate could not be looked at'),
      )
      .then(() => {
        if (!isStopped) cancel = clock.after(HOUR_MS, tick);
      });
  }

  tick();
  return () => {
    isStopped = true;
    cancel();
  };
}

/** Also over a restart. */
async function lastTold(events: Pick<Store, 'events'>): Promise<ExpiryTold | undefined> {
  const [last] = await events.events({ limit: 1, newestFirst: true, types: ['certificate-expiring'] });
  const part = EXPIRY_ALARMS.find((one) => one === last?.data?.['part']);
  return last && part !== undefined ? { part, at: last.at } : undefined;
}

function sentenceOf(part: ExpiryAlarm, day: string): string {
  if (part === 0)
    return `The certificate of this site at head office is over since ${day}. The store works without it.`;
  return `The certificate of this site at head office ends on ${day} and was not renewed yet: less than ${part * 100} % of its time is left.`;
}
