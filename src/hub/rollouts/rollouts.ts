import { AppError } from '../../kernel/errors.ts';
import type { Cancel, Clock, Log, Random } from '../../kernel/ports.ts';
import { PUBLICATION_ENDED, type Publication, type PublicationSite } from '../../model/fleet/hub-rows.ts';
import type { HubStore, HubTx } from '../../model/fleet/hub-store.ts';
import { silentAfterMs } from '../../model/fleet/silence.ts';
import type { PublicationAct, PublicationSiteView, PublicationView, PublishBody } from '../../wire/api/fleet-views.ts';
import type { SiteLinkHandler } from '../../wire/link/handlers.ts';
import type { Bell } from '../../wire/link/ports.ts';
import { createBell } from './bell.ts';
import { pass } from './carry-out.ts';
import { leave } from './leave.ts';
import { loadPlan, type Reach } from './load-plan.ts';
import { advance } from './policy/advance.ts';
import { heed, parseApply } from './policy/site-report.ts';
import { act, publish } from './publish.ts';
import { createSync, type SyncDeps } from './sync.ts';
import { publicationSites, publicationView, siteExplainer } from './views.ts';

export type RolloutDeps = Omit<SyncDeps, 'bell' | 'store'> & {
  readonly store: HubStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
};

/** Publications on their way. All that they are stands in the store: a restart at any point goes on from there. */
export interface Rollouts {
  readonly bell: Bell;
  readonly sync: SiteLinkHandler<'sync'>;
  /** In the unit of the caller; `wake` when it is on disk. */
  publish(tx: HubTx, body: PublishBody, by: string): Promise<Publication>;
  act(tx: HubTx, what: { id: string; what: PublicationAct; by: string; because?: string }): Promise<Publication>;
  /** Goes on with this publication now. Resolves when it stands where its rules say, or when it has to be tried later. */
  wake(id: string): Promise<void>;
  /** A site is closed, in the unit of the caller; answers with the publications to wake when it is on disk. */
  leave(tx: HubTx, site: string): Promise<readonly string[]>;
  /** A site said of itself how far it is: the entry `apply` of its state is another one. Never rejects. */
  onApply(site: string): Promise<void>;
  /** What counts as silent now. */
  reach(): Reach;
  /** What people see; all of it is read with `tx`. */
  view(tx: HubTx, publication: Publication): Promise<PublicationView>;
  sites(tx: HubTx, publication: Publication): Promise<readonly PublicationSiteView[]>;
  explainer(tx: HubTx, publication: Publication): Promise<(site: string) => PublicationSiteView | undefined>;
  /** Looks at all that is under way once, then by itself; the answer ends it. */
  start(): Promise<Cancel>;
}

/** Soaking ends, and sites fall silent, without anybody saying so. */
const LOOK_EVERY_MS = 5_000;

export function createRollouts(deps: RolloutDeps): Rollouts {
  const { store, clock, log, limits } = deps;
  const bell = createBell();
  const reach = (): Reach => ({ now: clock.now(), silentAfterMs: silentAfterMs(limits()) });

  // Sites that were offered something in the unit of a caller; a ring for one that was lost does no harm.
  const unrung: string[] = [];

  // Passes one after the other: two at once over one publication would do the same twice.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = (run: () => Promise<void>): Promise<void> => {
    const turn = last.then(run);
    last = turn.catch(() => undefined);
    return turn;
  };

  const report = (thrown: unknown): void => {
    const { family, message } = AppError.from(thrown);
    if (family === 'ours') log.error({ error: thrown }, 'a publication cannot go on');
    else log.warn({ reason: message }, 'publications could not be looked at; tried again soon');
  };

  async function goOn(id: string): Promise<void> {
    // Most looks find nothing, and a unit keeps others waiting.
    const plan = await store.read((tx) => loadPlan(tx, id, reach()));
    if (!plan || advance(plan).length === 0) return;
    const { rings } = await store.work((tx) => pass(tx, id, reach()));
    for (const site of rings) bell.ring(site);
    return goOn(id);
  }

  // Something that a site said was not taken note of: it is read again.
  let isBehind = false;

  async function lookAtAll(unfinished: ReadonlySet<string> = new Set()): Promise<void> {
    const rows = await store.read((tx) => tx.list('publications'));
    for (const { row } of rows)
      if (!PUBLICATION_ENDED.includes(row.state) || unfinished.has(row.id)) await goOn(row.id).catch(report);
  }

  async function apply(site: string): Promise<void> {
    // Read with the row, and not handed on: what was said first may be heard last.
    const find = async (tx: HubTx) => {
      const desired = await tx.get('desired', site);
      const entry = await tx.get('states', `${site}/apply`);
      const said = entry && parseApply(JSON.parse(entry.value));
      const row = said && (await tx.get('publicationSites', `${said.publication ?? desired?.publication}/${site}`));
      return row && heed(row, said, clock.now());
    };
    if (!(await store.read(find))) return;
    const changed = await store.work(async (tx) => {
      const row = await find(tx);
      if (row) await tx.put('publicationSites', `${row.publication}/${site}`, row);
      if (row) await noteNumbers(tx, row);
      return row;
    });
    if (changed) await inTurn(() => goOn(changed.publication));
  }

  /** What sites said while nobody here could hear it, and what was not finished: such as offers of what was ended to be taken back. */
  async function catchUp(): Promise<void> {
    const offers = (await store.read((tx) => tx.list('desired'))).map(({ row }) => row);
    for (const { site } of offers) await apply(site);
    isBehind = false;
    const open = offers.filter(({ isWithdrawn }) => isWithdrawn !== true);
    await inTurn(() => lookAtAll(new Set(open.map(({ publication }) => publication))));
  }

  /** It is tried again with the next look. */
  function reportUnfinished(thrown: unknown): void {
    isBehind = true;
    report(thrown);
  }

  return {
    ...{ bell, reach },
    onApply: (site) => apply(site).catch(reportUnfinished),
    sync: createSync({ ...deps, bell }),
    view: (tx, publication) => publicationView(tx, publication, reach()),
    sites: (tx, publication) => publicationSites(tx, publication, reach()),
    explainer: (tx, publication) => siteExplainer(tx, publication, reach()),
    publish: async (tx, body, by) => {
      const made = await publish(tx, body, by, clock.now());
      const { id } = made;
      unrung.push(...(await pass(tx, id, reach())).rings);
      return (await tx.get('publications', id)) ?? made;
    },
    act: (tx, what) => act(tx, what, reach()),
    leave: (tx, site) => leave(tx, site, clock.now()),
    wake: (id) => {
      for (const site of unrung.splice(0)) bell.ring(site);
      return inTurn(() => goOn(id)).catch(reportUnfinished);
    },
    start: async () => {
      await catchUp();
      return repeat(clock, LOOK_EVERY_MS, async () => {
        if (isBehind) await catchUp().catch(reportUnfinished);
        else await inTurn(lookAtAll).catch(report);
      });
    },
  };
}

/** What is in force there is what the next push signs the way back to. */
async function noteNumbers(tx: HubTx, { site: name, number, state }: PublicationSite): Promise<void> {
  const site = await tx.get('sites', name);
  if (!site) return;
  const confirmedNumber = state === 'confirmed' ? number : site.confirmedNumber;
  const highestNumber = Math.max(site.highestNumber, number);
  if (confirmedNumber !== site.confirmedNumber || highestNumber !== site.highestNumber)
    await tx.put('sites', name, { ...site, confirmedNumber, highestNumber });
}

function repeat(clock: Clock, everyMs: number, run: () => Promise<void>): Cancel {
  let isOver = false;
  let cancel: Cancel = () => undefined;
  const wait = (): void => {
    if (isOver) return;
    cancel = clock.after(everyMs, () => void run().then(wait));
  };
  wait();
  return () => {
    isOver = true;
    cancel();
  };
}
