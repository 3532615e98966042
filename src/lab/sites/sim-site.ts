import { setTimeout as wait } from 'node:timers/promises';
import { AppError } from '../../kernel/errors.ts';
import type { Desired, HelloResponse, Item, Limits } from '../../wire/link/gen/link.ts';
import type { MethodName, ReplyOf, RequestOf } from '../../wire/link/methods.ts';
import { Refusal } from '../../wire/link/refusals.ts';
import { fetchBundle, whyRefused } from './apply.ts';
import { Box, type BoxParts, SIMULATED_VERSION } from './box.ts';
import { enrolmentsIn, inventEvent, nextEventMs } from './invented.ts';
import type { Measures } from './measures.ts';
import { type Applied, saidOf } from './said.ts';

export type SimParts = BoxParts & {
  readonly measures: Measures;
  readonly eventsPerMinute: number;
  /** Each begins to live within so long, at a time of its own. */
  readonly settleMs: number;
  /** From the trial to the end of it. */
  readonly trialMs: number;
  /** 0 to 1: so many of all trials fail. */
  readonly revertShare: number;
  /** Missing: `inventEvent`. */
  readonly invent?: typeof inventEvent;
};

const DEADLINE_MS = 20_000;
const LONGEST_WAIT_MS = 50_000;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
/** Events that happen so close together travel together. */
const GATHER_MS = 1_000;

/** One site that speaks the real protocol, with an invented store behind it. */
export class SimSite {
  readonly name: string;
  readonly #box: Box;
  readonly #code: string;
  readonly #parts: SimParts;
  readonly #session: string;
  readonly #epoch: string;
  readonly #startedAt: number;
  #ratchet: Uint8Array;
  #limits: Limits | undefined;
  /** When each event happened: one that is reported again is the very same. */
  readonly #made: number[] = [];
  #acked = 0;
  #stateCounter = 0;
  #applied: Applied | undefined;
  #confirmed = 0;
  #highest = 0;
  #haveBundle: Uint8Array = new Uint8Array();

  /** @param from whose disk it has a copy of; missing: it is new */
  constructor(name: string, code: string, parts: SimParts, from?: SimSite) {
    this.name = name;
    this.#code = code;
    this.#parts = parts;
    this.#box = from ? from.#box.copy() : new Box(name, parts);
    this.#session = hex(parts.random.bytes(8));
    this.#epoch = from ? from.#epoch : hex(parts.random.bytes(8));
    this.#ratchet = from ? from.#ratchet : new Uint8Array();
    this.#startedAt = parts.time.now();
  }

  /** A second box with the identity of this one, as from a copied disk; it has not spoken yet. */
  copy(): SimSite {
    return new SimSite(this.name, this.#code, this.#parts, this);
  }

  /** Events that happened here, of them those that head office has, and enrolments among these. */
  get counts(): { readonly made: number; readonly acked: number; readonly enrolments: number } {
    return { made: this.#made.length, acked: this.#acked, enrolments: enrolmentsIn(this.#acked) };
  }

  /** Events that happen now, whether or not head office can be reached. */
  happen(count: number): void {
    const now = this.#parts.time.now();
    for (let n = 0; n < count; n++) this.#made.push(now);
  }

  /** Joins by its code, learns the time, and says Hello. */
  async join(): Promise<void> {
    await this.#measured('enroll', () => this.#box.enroll(this.#code));
    const askedAt = this.#parts.time.monotonic();
    const { timeMs } = await this.#call('getTime', { nonce: this.#box.nonce() });
    const halfMs = (this.#parts.time.monotonic() - askedAt) / 2;
    this.#parts.time.learn(Number(timeMs) + halfMs, halfMs);
    await this.hello();
  }

  /** A new connection, and Hello over it. */
  async reconnect(): Promise<void> {
    await this.#box.reconnect();
    await this.hello();
  }

  async hello(): Promise<HelloResponse> {
    const reply = await this.#call('hello', {
      ...{
        session: this.#session,
        ratchet: this.#ratchet,
        eventEpoch: this.#epoch,
        nextSeq: BigInt(this.#made.length + 1),
      },
      ...{ confirmedNumber: BigInt(this.#confirmed), highestNumber: BigInt(this.#highest), keySetVersion: 0 },
      roots: this.#box.roots(),
      ...{ version: SIMULATED_VERSION, capabilities: ['revision/v1'], sealingKey: this.#box.sealingKey },
      ...{ clockOffsetMs: BigInt(Math.round(this.#parts.time.offsetMs)), fresh: this.#ratchet.length === 0 },
      hardware: this.#box.hardware,
    });
    if (reply.quarantinedBecause !== '') throw new AppError('lab-failed', `${this.name}: ${reply.quarantinedBecause}`);
    this.#ratchet = reply.ratchet;
    this.#limits = reply.limits;
    this.#acked = Number(reply.ackedThrough);
    return reply;
  }

  /** Lives until `signal`: events happen and are reported, and what head office wants is tried. */
  async live(signal: AbortSignal, endsAt: number): Promise<void> {
    const end = wait(Math.max(0, endsAt - this.#parts.time.monotonic()), undefined, { signal });
    await pause(this.#parts.random.unit() * this.#parts.settleMs, signal);
    await Promise.all([
      this.#again(signal, () => this.#putState()),
      this.#happen(signal),
      this.#loop(signal, () => this.#report(signal)),
      this.#loop(signal, () => this.#sync(signal, endsAt)),
      end.catch(() => undefined),
    ]);
  }

  /** Reports what is left, until all is on disk there or `signal`. */
  async flush(signal: AbortSignal): Promise<void> {
    while (this.#acked < this.#made.length && !signal.aborted)
      await this.#again(signal, async () => {
        await pause(await this.#sendBatch(), signal);
      });
  }

  close(): Promise<void> {
    return this.#box.client.close();
  }

  async #happen(signal: AbortSignal): Promise<void> {
    const { eventsPerMinute, random } = this.#parts;
    while (eventsPerMinute > 0 && (await pause(nextEventMs(eventsPerMinute, random), signal))) this.happen(1);
  }

  async #report(signal: AbortSignal): Promise<void> {
    await pause(GATHER_MS, signal);
    if (this.#made.length === this.#acked || signal.aborted) return;
    const before = enrolmentsIn(this.#acked);
    const pauseMs = await this.#sendBatch();
    if (enrolmentsIn(this.#acked) > before) await this.#putState();
    await pause(pauseMs, signal);
  }

  /** One batch; the answer is how long to wait before the next. */
  async #sendBatch(): Promise<number> {
    const most = this.#limits?.maxBatchItems || 200;
    const count = Math.min(most, this.#made.length - this.#acked);
    const { invent = inventEvent } = this.#parts;
    const items = Array.from({ length: count }, (_, i): Item => {
      const seq = this.#acked + i + 1;
      return { epoch: this.#epoch, seq: BigInt(seq), event: invent(seq - 1, this.#made[seq - 1] ?? 0), gap: undefined };
    });
    const reply = await this.#call('report', { session: this.#session, items, limits: undefined });
    if (reply.conflict) throw new AppError('lab-failed', `${this.name}: head office has other events of these numbers`);
    this.#acked = Number(reply.ackedThrough);
    this.#limits = reply.limits ?? this.#limits;
    return reply.limits?.pauseMs ?? 0;
  }

  /** Digests first; what head office misses, with its values. */
  async #putState(): Promise<void> {
    const { name: site } = this;
    const said = { site, startedAt: this.#startedAt, enrolled: enrolmentsIn(this.#acked) };
    const entries = saidOf({ ...said, ...(this.#applied && { applied: this.#applied }) });
    const ask = (wanted: readonly string[]) =>
      this.#call('putState', {
        session: this.#session,
        counter: BigInt(++this.#stateCounter),
        entries: entries.map(({ key, digest, value }) => ({
          key,
          digest,
          value: wanted.includes(key) ? value : undefined,
        })),
      });
    const { missing } = await ask([]);
    if (missing.length > 0) await ask(missing);
  }

  async #sync(signal: AbortSignal, endsAt: number): Promise<void> {
    const leftMs = endsAt - this.#parts.time.monotonic();
    const waitMs = Math.floor(Math.min(LONGEST_WAIT_MS, Math.max(0, leftMs - 500)));
    const { desired, pollAfterMs, hello } = await this.#call(
      'sync',
      {
        session: this.#session,
        haveBundle: this.#haveBundle,
        highestNumber: BigInt(this.#highest),
        waitMs,
      },
      waitMs + DEADLINE_MS,
    );
    if (hello) await this.hello();
    if (desired && Number(desired.number) > this.#highest) await this.#try(desired, signal);
    await pause(pollAfterMs, signal);
  }

  async #try(desired: Desired, signal: AbortSignal): Promise<void> {
    const { trialMs, random, revertShare } = this.#parts;
    const bytes = await fetchBundle(desired, (request) => this.#call('fetch', request));
    this.#highest = Number(desired.number);
    this.#haveBundle = desired.bundle;
    const because = whyRefused(bytes, desired, this.name);
    if (because !== undefined) return this.#say(desired, 'refused', because);
    await this.#say(desired, 'fetched');
    await this.#say(desired, 'trial');
    await pause(trialMs * (0.5 + random.unit()), signal);
    if (random.unit() < revertShare) return this.#say(desired, 'reverted', 'simulated: a boot failed');
    this.#confirmed = this.#highest;
    await this.#say(desired, 'confirmed');
  }

  #say({ number, bundle, publication }: Desired, state: Applied['state'], because?: string): Promise<void> {
    const since = this.#parts.time.now();
    const of = { number: Number(number), bundle: hex(bundle), publication, state, since };
    this.#applied = { ...of, ...(because === undefined ? {} : { because }) };
    return this.#putState();
  }

  /** Once more and once more, until it went through. */
  async #again(signal: AbortSignal, act: () => Promise<void>): Promise<void> {
    for (let tries = 0; !signal.aborted; tries++) {
      if (await this.#tried(act, tries, signal)) return;
    }
  }

  async #loop(signal: AbortSignal, act: () => Promise<void>): Promise<void> {
    for (let tries = 0; !signal.aborted; ) tries = (await this.#tried(act, tries, signal)) ? 0 : tries + 1;
  }

  /** A failure is counted where it happened; what follows is a pause with full jitter. */
  async #tried(act: () => Promise<void>, tries: number, signal: AbortSignal): Promise<boolean> {
    try {
      await act();
      return true;
    } catch (error) {
      const least = error instanceof Refusal ? error.pauseMs : 0;
      const most = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** tries);
      await pause(least + this.#parts.random.unit() * most, signal);
      return false;
    }
  }

  #call<M extends MethodName>(method: M, request: RequestOf<M>, deadlineMs = DEADLINE_MS): Promise<ReplyOf<M>> {
    return this.#measured(method, () => this.#box.client.call(method, request, { deadlineMs }));
  }

  async #measured<T>(method: MethodName, act: () => Promise<T>): Promise<T> {
    const { measures, time } = this.#parts;
    const startedAt = time.monotonic();
    try {
      const answer = await act();
      measures.note(method, time.monotonic() - startedAt);
      return answer;
    } catch (error) {
      measures.fail(method, error instanceof Refusal ? error.reason : AppError.from(error).code);
      throw error;
    }
  }
}

/** Waits; false if the run ended meanwhile. */
async function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return false;
  // A time without end is as long as the run.
  return wait(Math.min(ms, 2 ** 31 - 1), true, { signal }).catch(() => false);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
