import { createRollouts, type Rollouts } from '../../src/hub/rollouts/rollouts.ts';
import type { Digest } from '../../src/kernel/digest.ts';
import type { Clock } from '../../src/kernel/ports.ts';
import { type PublicationSiteState, revisionKey } from '../../src/model/fleet/hub-rows.ts';
import type { HubStore } from '../../src/model/fleet/hub-store.ts';
import type { PublicationAct, PublishBody } from '../../src/wire/api/fleet-views.ts';

export const LIMITS = { pollMinMs: 5_000, pollMaxMs: 60_000, maxBatchItems: 1, maxBatchBytes: 1, pauseMs: 0 };
export const SILENT_MS = 180_000;

/** A clock that stands until it is told; timers never run by themselves. */
export class HandClock implements Clock {
  ms = 1_800_000_000_000;
  now(): number {
    return this.ms;
  }
  monotonic(): number {
    return this.ms;
  }
  after(): () => void {
    return () => undefined;
  }
}

const silent = () => undefined;
export const NO_LOG = { debug: silent, info: silent, warn: silent, error: silent };

/** Head office's publications with sites that somebody else plays. */
export class RolloutWorld {
  readonly store: HubStore;
  readonly clock = new HandClock();
  rollouts: Rollouts;
  wantsHello = false;

  constructor(store: HubStore) {
    this.store = store;
    this.rollouts = this.#create();
  }

  /** The process ends and another one begins. */
  async restart(): Promise<void> {
    this.rollouts = this.#create();
    (await this.rollouts.start())();
  }

  /** Sites that were heard just now, each with the label `first` on every third. */
  async addSites(names: readonly string[]): Promise<void> {
    await this.store.work(async (tx) => {
      for (const [i, name] of names.entries())
        await tx.put('sites', name, {
          ...{ name, createdAt: 0, state: 'enrolled', labels: { tier: i % 3 === 0 ? 'first' : 'rest' } },
          ...{ confirmedNumber: 0, highestNumber: 0, lastHeardAt: this.clock.now() },
        });
    });
  }

  /** A push to these sites: a number with the new content for each, and the next with the former. */
  async push(sites: readonly string[], { backs = true } = {}): Promise<string> {
    return this.store.work(async (tx) => {
      const id = `p${await tx.next('pushes')}`;
      for (const site of sites)
        for (const kind of backs ? (['forward', 'back'] as const) : (['forward'] as const)) {
          const number = await tx.next(`number/${site}`);
          await tx.put('revisions', revisionKey(site, number), {
            ...{ site, number, push: id, kind, sizeBytes: 1, at: this.clock.now() },
            ...{ content: digestOf(`${id} ${kind}`), bundle: digestOf(`${site} ${number}`) },
          });
        }
      await tx.put('pushes', id, {
        ...{ id, at: this.clock.now(), by: 'ann', comment: '', template: 'retail', keyId: 'k', sites },
        sources: digestOf(id),
      });
      return id;
    });
  }

  async publish(body: PublishBody): Promise<string> {
    const { id } = await this.store.work((tx) => this.rollouts.publish(tx, body, 'ann'));
    await this.rollouts.wake(id);
    return id;
  }

  /** `goesOn` false: head office dies behind it, before anything follows from it. */
  async act(id: string, what: PublicationAct, goesOn = true): Promise<void> {
    await this.store.work((tx) => this.rollouts.act(tx, { id, what, by: 'ann' }));
    if (goesOn) await this.rollouts.wake(id);
  }

  async pass(ms: number): Promise<void> {
    this.clock.ms += ms;
    (await this.rollouts.start())();
  }

  async hear(site: string): Promise<void> {
    await this.store.work(async (tx) => {
      const row = await tx.get('sites', site);
      if (row) await tx.put('sites', site, { ...row, lastHeardAt: this.clock.now() });
    });
  }

  /** What Sync gives a box that has this. */
  async sync(site: string, has: { readonly bundle?: string; readonly highest?: number } = {}) {
    const { desired } = await this.rollouts.sync(
      { site, serial: '00', remote: '10.0.0.1', throughProxy: false },
      {
        ...{ session: 's', waitMs: 0, highestNumber: BigInt(has.highest ?? 0) },
        haveBundle: Buffer.from(has.bundle ?? '', 'hex'),
      },
      new AbortController().signal,
    );
    if (!desired) return undefined;
    return {
      number: Number(desired.number),
      bundle: Buffer.from(desired.bundle).toString('hex'),
      publication: desired.publication,
    };
  }

  /** The state entry is on disk; whether head office heard of it is another thing. */
  async say(
    site: string,
    number: number,
    state: PublicationSiteState,
    more: object = {},
    isHeard = true,
  ): Promise<void> {
    const value = { number, state, ...more };
    await this.store.work(async (tx) => {
      await tx.put('states', `${site}/apply`, {
        ...{ site, key: 'apply', digest: digestOf(JSON.stringify(value)), value: JSON.stringify(value) },
        at: this.clock.now(),
      });
    });
    if (isHeard) await this.rollouts.onApply(site);
  }

  async stateOf(id: string) {
    return (await this.store.read((tx) => tx.get('publications', id)))?.state;
  }

  /** `store-1 1 offered` … of all rows. */
  async rows(id: string): Promise<string[]> {
    const rows = await this.store.read((tx) => tx.list('publicationSites', { prefix: `${id}/` }));
    return rows.map(({ row }) => `${row.site} ${row.number} ${row.state}`);
  }

  #create(): Rollouts {
    return createRollouts({
      ...{ store: this.store, clock: this.clock, log: NO_LOG, limits: () => LIMITS },
      random: { unit: () => 0.5, bytes: (n) => new Uint8Array(n) },
      admit: async () => undefined,
      wantsHello: async () => this.wantsHello,
    });
  }
}

function digestOf(text: string): Digest {
  return Buffer.from(text).toString('hex').padEnd(64, '0').slice(0, 64) as Digest;
}
