import type { Digest } from '../../src/kernel/digest.ts';
import type { HubStore, HubTx } from '../../src/model/fleet/hub-store.ts';

/** What a unit rejects with that was made to fail. */
export const LOST_UNIT = 'the unit was lost';

type Tables = Map<string, ReadonlyMap<string, unknown>>;

/**
 * Rows in memory, for walks of thousands of steps where the real store would take minutes; it has no events and no blobs. What it
 * promises is proved of the real one. `failUnits` lets the next so many units fail after their work, as a crash does.
 */
export function createMapHubStore(): HubStore & { failUnits(count: number): void } {
  let tables: Tables = new Map();
  let counters: ReadonlyMap<string, number> = new Map();
  let audits = 0;
  let failing = 0;
  let last: Promise<unknown> = Promise.resolve();

  const begin = () => {
    const own: Tables = new Map(tables);
    const numbers = new Map(counters);
    const rowsOf = (table: string) => own.get(table) ?? new Map<string, unknown>();
    const tx = {
      get: async (table: string, key: string) => rowsOf(table).get(key),
      put: async (table: string, key: string, row: unknown) => {
        own.set(table, new Map(rowsOf(table)).set(key, structuredClone(row)));
      },
      delete: async (table: string, key: string) => {
        const rows = new Map(rowsOf(table));
        rows.delete(key);
        own.set(table, rows);
      },
      list: async (table: string, { prefix = '' }: { prefix?: string } = {}) =>
        [...rowsOf(table)]
          .filter(([key]) => key.startsWith(prefix))
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([key, row]) => ({ key, row })),
      next: async (counter: string) => {
        const n = (numbers.get(counter) ?? 0) + 1;
        numbers.set(counter, n);
        return n;
      },
      appendAudit: async (entry: object) => {
        audits += 1;
        return { ...entry, id: audits, before: '' as Digest, digest: '' as Digest };
      },
    };
    const commit = (): void => {
      tables = own;
      counters = numbers;
    };
    return { tx: tx as unknown as HubTx, commit };
  };

  return {
    epoch: 'map',
    failUnits: (count) => {
      failing = count;
    },
    work: (unit) => {
      const turn = last.then(async () => {
        const { tx, commit } = begin();
        const result = await unit(tx);
        if (failing > 0) {
          failing -= 1;
          throw new Error(LOST_UNIT);
        }
        commit();
        return result;
      });
      last = turn.catch(() => undefined);
      return turn;
    },
    read: async (look) => look(begin().tx),
    backup: async () => ({ bytes: 0 }),
    close: async () => undefined,
  };
}
