import { openHubStore } from '../../src/adapters/store/hub-store.ts';
import { fleetEvent } from './hub-store.ts';

/**
 * A program to be killed: units without end on the store in its first argument, several waiting at a time; prints the
 * number of each that was answered.
 */
const store = await openHubStore(process.argv[2] ?? '');

for (;;) await Promise.all([unit(), unit(), unit()]);

async function unit(): Promise<void> {
  const number = await store.work(async (tx) => {
    const next = await tx.next('unit');
    await tx.appendEvents([fleetEvent('a', 2 * next - 1), fleetEvent('a', 2 * next)]);
    await tx.put('meta', 'last', next);
    await tx.appendAudit({ at: next, who: 'writer', action: 'unit', subject: String(next), detail: {} });
    return next;
  });
  process.stdout.write(`${number}\n`);
}
