import { AppError } from '../../../kernel/errors.ts';
import type { Cancel, Clock, Log, Random } from '../../../kernel/ports.ts';
import { ALARM_TYPES } from '../../../model/alarm.ts';
import type { Event, NewEvent } from '../../../model/event.ts';
import type { Change, Store } from '../../../model/store.ts';
import type { OutboxView } from '../../../wire/api/link.ts';
import type { HelloResponse } from '../../../wire/link/gen/link.ts';
import type { HelloOfUp, LinkUpPart, Way } from '../parts.ts';
import { greeted } from '../policy/outbox-answer.ts';
import { isFresh, type Stated, takeOver } from '../policy/take-over.ts';
import { Wake } from '../wake.ts';
import { EventLane, eventsOf, outboxOf, putOutbox } from './event-lane.ts';
import { StateLane } from './state-lane.ts';

export type UpDeps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Names this process; drawn at its start. */
  readonly session: string;
  /** All that the site says of itself now, by key. */
  readonly entries: () => ReadonlyMap<string, unknown>;
};

/** What goes up to head office: what happened, and how it is. */
export interface UpLanes extends LinkUpPart {
  outbox(): OutboxView;
  /** Something that is no event has changed, such as how far a revision has come. */
  stateChanged(): void;
  stop(): void;
}

/** Alarms and enrolments leave almost at once, all else when a few have come together. */
const SOON_MS = 300;
const LAZY_MS = 5_000;
/** State is said at most so often … */
const STATE_MS = 3_000;
/** … and looked at so often without an event: some words on the page go by time. */
const STATE_AGAIN_MS = 60_000;
const SOON_TYPES: readonly string[] = [...ALARM_TYPES, 'node-enrolled', 'order-confirmed', 'node-lost', 'node-healthy'];

export async function createUpLanes(deps: UpDeps): Promise<UpLanes> {
  const { store, clock, log, session } = deps;
  const lane = new EventLane({ store, clock, log, session });
  const [oldest] = await store.events({ afterSeq: lane.outbox.ackedThrough, limit: 1 });
  return new Lanes(deps, lane, oldest?.at);
}

class Lanes implements UpLanes {
  readonly #deps: UpDeps;
  readonly #events: EventLane;
  readonly #state: StateLane;
  readonly #wake: Wake;
  readonly #unlisten: Cancel;
  #oldestAt: number | undefined;
  #eventsDue = 0;
  #pausedUntil = 0;
  #stateDue = 0;

  constructor(deps: UpDeps, events: EventLane, oldestAt: number | undefined) {
    this.#deps = deps;
    this.#events = events;
    this.#oldestAt = oldestAt;
    this.#state = new StateLane(deps.session, deps.entries);
    this.#wake = new Wake();
    this.#unlisten = deps.store.onEvent((event) => this.#heard(event));
  }

  hello(): HelloOfUp {
    const { session, store } = this.#deps;
    const { epochs, ratchet } = outboxOf(store);
    return {
      session,
      ratchet: Buffer.from(ratchet, 'base64'),
      eventEpoch: epochs.at(-1)?.epoch ?? store.epoch,
      nextSeq: BigInt(store.lastSeq + 1),
      fresh: isFresh(store.state),
    };
  }

  async welcomed(said: HelloOfUp, reply: HelloResponse): Promise<'welcome' | 'quarantined'> {
    if (reply.quarantinedBecause !== '') return 'quarantined';
    const { store, clock, random } = this.#deps;
    if (reply.limits) this.#events.limits = reply.limits;
    const ratchet = Buffer.from(reply.ratchet).toString('base64');
    const newEpoch = Buffer.from(random.bytes(16)).toString('hex');
    const after = greeted(outboxOf(store), Number(said.nextSeq), { ...reply, ratchet }, newEpoch);
    const taken = said.fresh ? this.#takeOver(reply) : { changes: [], events: [] };
    await store.commit([...taken.changes, putOutbox(after.outbox)], [...taken.events, ...eventsOf(after, clock.now())]);
    await this.#lookForOldest();
    this.#state.forget();
    this.#eventsDue = 0;
    this.#stateDue = 0;
    return 'welcome';
  }

  async run(client: Way, signal: AbortSignal): Promise<void> {
    const { clock } = this.#deps;
    const wake = (): void => this.#wake.call();
    signal.addEventListener('abort', wake);
    try {
      while (!signal.aborted) {
        const waits = this.#events.waiting > 0;
        const eventsDue = waits ? Math.max(this.#eventsDue, this.#pausedUntil) : Number.POSITIVE_INFINITY;
        const now = clock.monotonic();
        if (now >= eventsDue) await this.#report(client);
        else if (now >= this.#stateDue) await this.#sayState(client);
        else await this.#wake.wait(clock, Math.min(eventsDue, this.#stateDue) - now);
      }
    } finally {
      signal.removeEventListener('abort', wake);
    }
  }

  outbox(): OutboxView {
    const { waiting, outbox } = this.#events;
    const oldest = waiting > 0 && this.#oldestAt !== undefined ? { oldestAt: this.#oldestAt } : {};
    return { ackedThrough: outbox.ackedThrough, waiting, ...oldest };
  }

  stateChanged(): void {
    this.#stateDue = Math.min(this.#stateDue, this.#deps.clock.monotonic() + STATE_MS);
    this.#wake.call();
  }

  stop(): void {
    this.#unlisten();
  }

  #heard(event: Event): void {
    const { clock, random } = this.#deps;
    const gatherMs = SOON_TYPES.includes(event.type) ? SOON_MS : LAZY_MS;
    const due = clock.monotonic() + gatherMs * (0.5 + random.unit());
    this.#eventsDue = this.#oldestAt === undefined ? due : Math.min(this.#eventsDue, due);
    this.#oldestAt ??= event.at;
    this.stateChanged();
  }

  async #report(client: Way): Promise<void> {
    const said = await this.#events.step(client);
    if (!said) this.#eventsDue = this.#deps.clock.monotonic() + LAZY_MS;
    this.#pausedUntil = this.#deps.clock.monotonic() + this.#events.limits.pauseMs;
    await this.#lookForOldest();
  }

  async #sayState(client: Way): Promise<void> {
    const { clock, random } = this.#deps;
    this.#stateDue = clock.monotonic() + STATE_AGAIN_MS * (0.5 + random.unit());
    await this.#state.step(client);
  }

  async #lookForOldest(): Promise<void> {
    const [oldest] = await this.#deps.store.events({ afterSeq: this.#events.outbox.ackedThrough, limit: 1 });
    // One that came while this was read is remembered already.
    this.#oldestAt = oldest?.at ?? (this.#events.waiting > 0 ? this.#oldestAt : undefined);
  }

  #takeOver({ takeOver: entries }: HelloResponse): { changes: readonly Change[]; events: readonly NewEvent[] } {
    const { store, clock, log } = this.#deps;
    if (entries.length === 0) return { changes: [], events: [] };
    const taken = takeOver(entries.map(readEntry), store.state, clock.now());
    if (taken.ok) return taken.value;
    log.warn({ because: taken.error }, 'what head office knows of the appliance before this one was not taken over');
    const sentence = `What head office knows of the appliance before this one was not taken over: ${taken.error}.`;
    const event = { type: 'take-over-refused', at: clock.now(), sentence, data: { because: taken.error } } as const;
    return { changes: [], events: [event] };
  }
}

/** A value that is no JSON is one that no entry has. */
function readEntry({ key, value }: { key: string; value?: Uint8Array | undefined }): Stated {
  try {
    return { key, value: JSON.parse(Buffer.from(value ?? []).toString('utf8')) as unknown };
  } catch (error) {
    return { key, value: AppError.from(error).message };
  }
}
