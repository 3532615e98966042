import { join } from 'node:path';
import Database from 'better-sqlite3';
import { epochOf, type Outbox } from '../../../src/model/outbox.ts';

/** An event, as both sides must have it. */
type Entry = { readonly seq: number; readonly type: string; readonly at: number; readonly sentence: string };
type HubEntry = Entry & { readonly epoch: string };

export type SiteBook = {
  readonly epoch: string;
  readonly outbox: Outbox | undefined;
  readonly events: readonly Entry[];
};

/** The events of a site and what it believes that head office has, out of its database, which may be in use. */
export function readSiteBook(dataDir: string): SiteBook {
  return read(join(dataDir, 'slipway.db'), (db) => {
    const events = db
      .prepare<[], { seq: number; body: string }>('select seq, body from events order by seq')
      .all()
      .map(({ seq, body }) => ({ ...(JSON.parse(body) as Omit<Entry, 'seq'>), seq }));
    const row = db.prepare<[], string>("select row from link where key = 'outbox'").pluck().get();
    const epoch = db.prepare<[], string>("select value from meta where key = 'epoch'").pluck().get() ?? '';
    return { epoch, outbox: row === undefined ? undefined : (JSON.parse(row) as Outbox), events };
  });
}

/** The events of a site that head office has. */
export function readHubBook(dataDir: string, site: string): readonly HubEntry[] {
  return read(join(dataDir, 'hub.db'), (db) =>
    db
      .prepare<[string], HubEntry>('select epoch, seq, type, at, sentence from events where site = ? order by id')
      .all(site),
  );
}

/** What is wrong with what head office has; empty: all that was acknowledged is there, as it happened, and nothing is there twice. */
export function faultsOf({ epoch, outbox, events }: SiteBook, hub: readonly HubEntry[]): readonly string[] {
  const epochs = outbox?.epochs ?? [{ epoch, first: 1 }];
  const there = new Map(hub.map((entry) => [`${entry.epoch}/${entry.seq}`, say(entry)]));
  const acked = events.filter(({ seq }) => seq <= (outbox?.ackedThrough ?? 0));
  const lost = acked.filter((entry) => there.get(`${epochOf(epochs, entry.seq)?.epoch}/${entry.seq}`) !== say(entry));
  const said = hub.map(say);
  const twice = said.filter((text, i) => said.indexOf(text) !== i);
  return [...lost.map((entry) => `lost: ${say(entry)}`), ...twice.map((text) => `twice: ${text}`)];
}

function say({ seq, type, at, sentence }: Entry): string {
  return `${seq} ${type} ${Math.trunc(at)} ${sentence}`;
}

export function read<T>(path: string, ask: (db: Database.Database) => T): T {
  const db = new Database(path, { readonly: true });
  try {
    return ask(db);
  } finally {
    db.close();
  }
}
