import type { HubTableName } from '../../model/fleet/hub-rows.ts';
import type { HubStore, HubTx } from '../../model/fleet/hub-store.ts';

/** `key` as in HubTables; of `events` it is the site. */
export type Change = { readonly table: HubTableName | 'events' | 'audit'; readonly key: string };

/** The same store; `onChanges` hears of all that a unit wrote, once it is on disk. */
export function watchStore(store: HubStore, onChanges: (changes: readonly Change[]) => void): HubStore {
  return {
    epoch: store.epoch,
    work: async (unit) => {
      const changes: Change[] = [];
      const result = await store.work((tx) => unit(watchTx(tx, changes)));
      if (changes.length > 0) onChanges(changes);
      return result;
    },
    read: (look) => store.read(look),
    backup: (path, files) => store.backup(path, files),
    close: () => store.close(),
  };
}

function watchTx(tx: HubTx, changes: Change[]): HubTx {
  return {
    get: (table, key) => tx.get(table, key),
    list: (table, query) => tx.list(table, query),
    events: (query) => tx.events(query),
    countEvents: (query) => tx.countEvents(query),
    audit: (query) => tx.audit(query),
    blob: (digest) => tx.blob(digest),
    next: (counter) => tx.next(counter),
    putBlob: (digest, bytes) => tx.putBlob(digest, bytes),
    deleteBlob: (digest) => tx.deleteBlob(digest),
    put: (table, key, row) => {
      changes.push({ table, key });
      return tx.put(table, key, row);
    },
    delete: (table, key) => {
      changes.push({ table, key });
      return tx.delete(table, key);
    },
    appendEvents: (events) => {
      for (const site of new Set(events.map((event) => event.site))) changes.push({ table: 'events', key: site });
      return tx.appendEvents(events);
    },
    appendAudit: (entry) => {
      changes.push({ table: 'audit', key: entry.subject });
      return tx.appendAudit(entry);
    },
  };
}
