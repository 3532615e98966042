import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { restoreHubDatabase } from '../../src/adapters/store/hub-restore.ts';
import { openHubStore, type SqliteHubStore } from '../../src/adapters/store/hub-store.ts';
import { openStore, type SqliteStore } from '../../src/adapters/store/sqlite-store.ts';
import type { Sites } from '../../src/hub/sites/sites.ts';
import { AppError } from '../../src/kernel/errors.ts';
import type { KeptFleetEvent } from '../../src/model/fleet/hub-store.ts';
import { OUTBOX } from '../../src/model/outbox.ts';
import { createUpLanes, type UpLanes } from '../../src/site/link/up/up-lanes.ts';
import { type Codec, METHODS, type MethodName, type ReplyOf, type RequestOf } from '../../src/wire/link/methods.ts';
import { Refusal } from '../../src/wire/link/refusals.ts';
import { helloOf, STORE_1, sampleSites } from './sample-hub.ts';
import { SampleClock, SampleLog } from './sample-site.ts';

/** What may become of one call on its way. `late`: it arrives when it was given up already, before the next one. */
export const FAULTS = ['ok', 'request-lost', 'answer-lost', 'late', 'twice', 'hub-killed', 'site-killed'] as const;
export type Fault = (typeof FAULTS)[number];

const UP = ['hello', 'report', 'putState'] as const;
type UpMethod = (typeof UP)[number];
/** No talk needs so many calls. */
const MOST_CALLS = 200;

/** A site and a head office with their real stores on disk, and a channel between them that does what a test says. */
export class UpWorld {
  readonly clock = new SampleClock();
  readonly #dir = mkdtempSync(join(tmpdir(), 'slipway-up-'));
  /** State that changes, for the other lane. */
  readonly entries = new Map<string, unknown>([['site', 0]]);
  /** Events that head office said it has. */
  acked = new Set<string>();
  #hub!: SqliteHubStore;
  #sites!: Sites;
  #site!: SqliteStore;
  #lanes!: UpLanes;
  #starts = 0;
  #made = 0;
  #late: (() => Promise<unknown>)[] = [];
  #saves = 0;
  #hubSaved: string | undefined;

  static async open(): Promise<UpWorld> {
    const world = new UpWorld();
    await world.#openHub();
    await world.#openSite();
    return world;
  }

  /** So many events more; each third one is an enrolment. */
  async happen(count: number): Promise<void> {
    const events = Array.from({ length: count }, () => {
      this.#made += 1;
      const type = this.#made % 3 ? ('boot-opened' as const) : ('node-enrolled' as const);
      return { type, at: this.#made, sentence: `${type} ${this.#made}`, data: { n: this.#made } };
    });
    await this.#site.commit([], events);
    this.entries.set('site', this.#made);
  }

  /** Hello, and then what there is to say; each call has its fate, those beyond are well. True: all was said. */
  async talk(faults: readonly Fault[]): Promise<boolean> {
    const fates = [...faults];
    let calls = 0;
    const end = new AbortController();
    const way = {
      call: async <M extends MethodName>(method: M, request: RequestOf<M>): Promise<ReplyOf<M>> => {
        calls += 1;
        if (calls > MOST_CALLS) throw new Error('this talk has no end');
        const reply = await this.#send(method as UpMethod, request as never, fates.shift() ?? 'ok');
        if (method === 'putState' && (reply as ReplyOf<'putState'>).missing.length === 0) end.abort();
        return reply as ReplyOf<M>;
      },
    };
    try {
      const said = this.#lanes.hello();
      const reply = await way.call('hello', { ...helloOf(said.session), ...said });
      if ((await this.#lanes.welcomed(said, reply)) === 'quarantined') return false;
      await this.#lanes.run(way, end.signal);
      return this.#lanes.outbox().waiting === 0;
    } catch (error) {
      if (!(error instanceof Refusal) && AppError.from(error).code !== 'hub-unreachable') throw error;
      return false;
    } finally {
      await this.#noteAcked();
    }
  }

  /** Until all is said, however long it takes. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 10; turn++) {
      if (await this.talk([])) return;
      this.clock.pass(3_600_000);
    }
    throw new Error('it does not settle');
  }

  /** A kill: what is not on disk is gone. */
  async restartSite(): Promise<void> {
    this.#lanes.stop();
    await this.#startLanes();
  }

  async restartHub(): Promise<void> {
    ({ sites: this.#sites } = await sampleSites(this.#hub, this.clock));
  }

  async saveSite(): Promise<void> {
    this.#lanes.stop();
    await this.#site.close();
    copyFileSync(this.#path('site.db'), this.#path('site.saved'));
    await this.#openSite();
  }

  async restoreSite(): Promise<void> {
    if (!existsSync(this.#path('site.saved'))) return;
    this.#lanes.stop();
    await this.#site.close();
    for (const suffix of ['-wal', '-shm']) rmSync(this.#path(`site.db${suffix}`), { force: true });
    copyFileSync(this.#path('site.saved'), this.#path('site.db'));
    await this.#openSite();
  }

  /** What was saved before is not restored any more. */
  forgetSaves(): void {
    this.#hubSaved = undefined;
    rmSync(this.#path('site.saved'), { force: true });
  }

  async saveHub(): Promise<void> {
    this.#saves += 1;
    this.#hubSaved = this.#path(`hub.saved${this.#saves}`);
    await this.#hub.backup(this.#hubSaved);
  }

  async restoreHub(): Promise<void> {
    if (this.#hubSaved === undefined) return;
    await this.#hub.close();
    this.#starts += 1;
    restoreHubDatabase({
      ...{ path: this.#path('hub.db'), backup: this.#hubSaved },
      aside: this.#path(`aside${this.#starts}`),
      entry: { at: 1, who: 'test', action: 'restore', subject: '', detail: {} },
    });
    await this.#openHub();
    // What this memory never had is not asked of it; that the site sends again what it still has is.
    const here = new Set((await this.atHub()).map(({ sentence }) => sentence));
    this.acked = new Set([...this.acked].filter((sentence) => here.has(sentence)));
  }

  /** Drops the oldest events of the site, but for so many. */
  async prune(keep: number): Promise<void> {
    const kept = await this.atSite();
    const first = kept.at(-keep - 1);
    if (!first) return;
    const ackedThrough = this.#site.state.link.get(OUTBOX)?.ackedThrough ?? 0;
    await this.#site.prune({ beforeMs: Number(first.sentence.split(' ')[1]) + 1, maxBytes: 1e12, ackedThrough });
  }

  /** What the site still has of what happened. */
  async atSite(): Promise<readonly { readonly sentence: string }[]> {
    return this.#site.events({ limit: 100_000, types: ['boot-opened', 'node-enrolled'] });
  }

  async atHub(): Promise<readonly KeptFleetEvent[]> {
    return this.#hub.read((tx) => tx.events({ limit: 100_000 }));
  }

  async enrolmentsAtHub(): Promise<number> {
    return this.#hub.read((tx) => tx.countEvents({ site: 'store-1', types: ['node-enrolled'] }));
  }

  async stateAtHub(): Promise<Record<string, unknown>> {
    const rows = await this.#hub.read((tx) => tx.list('states', { prefix: 'store-1/' }));
    return Object.fromEntries(rows.map(({ row }) => [row.key, JSON.parse(row.value)]));
  }

  async close(): Promise<void> {
    this.#lanes.stop();
    await Promise.all([this.#site.close(), this.#hub.close()]);
    rmSync(this.#dir, { recursive: true });
  }

  async #send<M extends UpMethod>(method: M, request: RequestOf<M>, fate: Fault): Promise<ReplyOf<M>> {
    if (fate === 'request-lost') throw lost();
    const bytes = METHODS[method].request.encode(request).finish();
    const arrive = () => this.#arrive(method, bytes);
    if (fate === 'late') {
      this.#late.push(arrive);
      throw lost();
    }
    for (const old of this.#late.splice(0)) await old().catch(onlyRefusals);
    if (fate === 'twice') await arrive().catch(onlyRefusals);
    const reply = await arrive();
    if (fate === 'hub-killed') await this.restartHub();
    if (fate === 'site-killed') await this.restartSite();
    if (fate !== 'ok' && fate !== 'twice') throw lost();
    return reply;
  }

  async #arrive<M extends UpMethod>(method: M, bytes: Uint8Array): Promise<ReplyOf<M>> {
    const { handlers } = this.#sites;
    const codec: { request: Codec<RequestOf<M>>; reply: Codec<ReplyOf<M>> } = METHODS[method];
    const handler = handlers[method] as unknown as (...args: readonly unknown[]) => Promise<ReplyOf<M>>;
    const reply = await handler(STORE_1, codec.request.decode(bytes), new AbortController().signal);
    return codec.reply.decode(codec.reply.encode(reply).finish());
  }

  async #noteAcked(): Promise<void> {
    const outbox = this.#site.state.link.get(OUTBOX);
    // A site that has not heard of a restored head office knows what the lost one had.
    if (outbox?.hubEpoch !== this.#hub.epoch) return;
    const through = outbox.ackedThrough;
    const events = await this.#site.events({ limit: 100_000, types: ['boot-opened', 'node-enrolled'] });
    for (const { seq, sentence } of events) if (seq <= through) this.acked.add(sentence);
  }

  async #openHub(): Promise<void> {
    this.#hub = await openHubStore(this.#path('hub.db'));
    await this.restartHub();
  }

  async #openSite(): Promise<void> {
    this.#site = await openStore(this.#path('site.db'));
    await this.#startLanes();
  }

  async #startLanes(): Promise<void> {
    this.#starts += 1;
    let drawn = 0;
    const bytes = (count: number) => {
      drawn += 1;
      return Uint8Array.from({ length: count }, (_, i) => (this.#starts * 31 + drawn * 7 + i) % 256);
    };
    this.#lanes = await createUpLanes({
      ...{ store: this.#site, clock: this.clock, log: new SampleLog(), random: { unit: () => 0.5, bytes } },
      entries: () => this.entries,
      session: `session-${this.#starts}`,
    });
  }

  #path(name: string): string {
    return join(this.#dir, name);
  }
}

function lost(): AppError {
  return new AppError('hub-unreachable', 'no answer in 30 s');
}

function onlyRefusals(error: unknown): void {
  if (!(error instanceof Refusal)) throw error;
}
