import { AppError } from '../kernel/errors.ts';
import type { Clock, Log } from '../kernel/ports.ts';
import { isBound, leaseKey } from '../model/lease.ts';
import type { Signal } from '../model/signal.ts';
import type { RevisionSource } from '../model/site-ports.ts';
import type { Store } from '../model/store.ts';

type Parts = {
  readonly store: Store;
  readonly revisions: RevisionSource;
  readonly clock: Clock;
  readonly log: Log;
};

/**
 * Hears which machine asked for its script. Loaders never renew their lease, and a queue or a hold may last longer than it:
 * whoever asks from its address has it for another time, as if it had renewed. It is written when half of it is over, so
 * that a queue of hundreds that ask every five seconds costs little, and no script waits for it.
 */
export function prolongLeases({ store, revisions, clock, log }: Parts): (signal: Signal) => void {
  return (signal) => {
    if (signal.kind !== 'script') return;
    const { address, claim } = signal;
    const now = clock.now();
    for (const { name, lease } of Object.values(revisions.current()?.networks ?? {})) {
      const row = store.state.leaseOfAddress(name, address);
      if (!isBound(row, now) || row.mac !== claim.mac || row.holder === 'os') continue;
      const fullMs = lease.firmwareSeconds * 1_000;
      if (row.expiresAt - now > fullMs / 2) continue;
      const longer = { ...row, expiresAt: now + fullMs };
      store.commit([{ table: 'leases', key: leaseKey(name, row.client), row: longer }], []).catch((thrown: unknown) => {
        const error = AppError.from(thrown);
        log.warn(
          { address, code: error.code, error: error.message },
          'the lease of a machine that waits was not prolonged',
        );
      });
    }
  };
}
