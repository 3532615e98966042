import { createHash } from 'node:crypto';
import { AppError } from '../../../kernel/errors.ts';
import type { Clock, Log } from '../../../kernel/ports.ts';
import type { NewEvent } from '../../../model/event.ts';
import { OUTBOX, type Outbox } from '../../../model/outbox.ts';
import type { Change, Store } from '../../../model/store.ts';
import type { LinkClient } from '../../../wire/link/client.ts';
import { Item, type Limits, type ReportResponse } from '../../../wire/link/gen/link.ts';
import { type Answered, answered } from '../policy/outbox-answer.ts';
import { type Batch, makeBatch } from '../policy/outbox-batch.ts';

export const CALL = { deadlineMs: 30_000 } as const;
/** Of a Hello that says nothing of it. */
export const FIRST_LIMITS: Limits = {
  pollMinMs: 5_000,
  pollMaxMs: 60_000,
  maxBatchItems: 50,
  maxBatchBytes: 128 * 1024,
  pauseMs: 0,
};

const MOST_ITEMS = 1_000;
/** A wrong number must not keep events here for weeks. */
const LONGEST_PAUSE_MS = 5 * 60_000;

export type EventLaneDeps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly session: string;
};

/**
 * Brings the events of the site to head office, in their order: one report is out at a time, and what it acknowledged is on disk before
 * the next one.
 */
export class EventLane {
  readonly #deps: EventLaneDeps;
  #limits: Limits = FIRST_LIMITS;

  constructor(deps: EventLaneDeps) {
    this.#deps = deps;
  }

  get limits(): Limits {
    return this.#limits;
  }

  /** A report has one event at least. */
  set limits(limits: Limits) {
    const maxBatchItems = Math.max(1, Math.min(MOST_ITEMS, limits.maxBatchItems));
    this.#limits = { ...limits, maxBatchItems, pauseMs: Math.min(LONGEST_PAUSE_MS, limits.pauseMs) };
  }

  get outbox(): Outbox {
    return outboxOf(this.#deps.store);
  }

  /** How many events head office does not have. */
  get waiting(): number {
    return Math.max(0, this.#deps.store.lastSeq - this.outbox.ackedThrough);
  }

  /**
   * One report. False: there was nothing to say. Rejects as LinkClient does, with an AppError of the store, or with `hub-unreachable` if
   * head office took nothing.
   */
  async step(client: Pick<LinkClient, 'call'>): Promise<boolean> {
    const batch = await this.#nextBatch();
    if (!batch) return false;
    const { session, log } = this.#deps;
    const reply = await client.call('report', { session, items: batch.items, limits: undefined }, CALL);
    if (reply.limits) this.limits = reply.limits;
    for (const { seq, because } of reply.rejected)
      log.warn({ seq: Number(seq), because }, 'head office put an event aside');
    await this.#take(batch, reply);
    return true;
  }

  async #nextBatch(): Promise<Batch | undefined> {
    const { store } = this.#deps;
    // Before the events are read: what is committed by now and not among them was dropped.
    const committed = store.lastSeq;
    const limit = this.limits.maxBatchItems;
    const events = await store.events({ afterSeq: this.outbox.ackedThrough, limit });
    const last = events.length < limit ? committed : (events.at(-1)?.seq ?? committed);
    return makeBatch(
      this.outbox,
      events.filter(({ seq }) => seq <= last),
      last,
      this.limits,
    );
  }

  async #take(batch: Batch, reply: ReportResponse): Promise<void> {
    const { store, clock } = this.#deps;
    const before = this.outbox;
    const after = answered(before, batch, reply, clock.now(), (seq) => nameBy(batch, seq));
    if (!after || (after.outbox.ackedThrough === before.ackedThrough && after.because === undefined))
      throw new AppError('hub-unreachable', 'head office answered a report and took nothing of it');
    await store.commit([putOutbox(after.outbox)], eventsOf(after, clock.now()));
  }
}

/** The one row; a site that never spoke with a head office begins with its database's own numbering. */
export function outboxOf({ state, epoch }: Pick<Store, 'state' | 'epoch'>): Outbox {
  return state.link.get(OUTBOX) ?? { epochs: [{ epoch, first: 1 }], ackedThrough: 0, ratchet: '', hubEpoch: '' };
}

export function putOutbox(row: Outbox): Change {
  return { table: 'link', key: OUTBOX, row };
}

/** What is told of an answer that was taken. */
export function eventsOf({ because, outbox }: Answered, at: number): readonly NewEvent[] {
  const begun = outbox.epochs.at(-1);
  if (because === undefined || !begun) return [];
  const sentence = `Events from number ${begun.first} on are counted anew at head office: ${because}.`;
  return [{ type: 'events-renumbered', at, sentence, data: { ...begun, because } }];
}

function nameBy({ items, epoch }: Batch, seq: number): string {
  const item = items.find((one) => Number(one.seq) === seq);
  const bytes = item ? Item.encode(item).finish() : new Uint8Array();
  return createHash('sha256').update(`${epoch}\n${seq}\n`).update(bytes).digest('hex').slice(0, 32);
}
