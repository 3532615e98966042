import { openStore } from '../../src/adapters/store/sqlite-store.ts';
import { boot, counter, event } from './store.ts';

/**
 * A program to be killed: commits without end to the store in its first argument, several at a time, and prints the
 * number of each commit that was acknowledged.
 */
const store = await openStore(process.argv[2] ?? '');
const first = (store.state.counters.get('n') ?? 0) + 1;

for (let n = first; ; n += 3) {
  await Promise.all([n, n + 1, n + 2].map(commit));
}

async function commit(n: number): Promise<void> {
  const row = boot(`b${n}`, { openedAt: n });
  await store.commit([counter('n', n), { table: 'boots', key: row.id, row }], [event(n), event(n)]);
  process.stdout.write(`${n}\n`);
}
