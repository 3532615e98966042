import { createHash } from 'node:crypto';
import { AppError } from '../../kernel/errors.ts';
import type { OpenAsset, WantedBlob } from '../../model/content.ts';
import { type BlobDelivery, type BlobSource, FILL_PRIORITIES, type FillPriority } from '../../model/content.ts';
import { explainFailures } from './explain-failures.ts';
import type { FillDeps } from './fill-deps.ts';
import { FillFile } from './fill-file.ts';
import { createFollower, type Followed } from './follower.ts';
import { createLatch } from './latch.ts';
import type { Place } from './passing-window.ts';
import { pause, unlessStopped } from './pause.ts';
import {
  type ActiveFillKind,
  beginFill,
  type Fill,
  type FillEvent,
  type FillTerms,
  isActiveFill,
  isFollowable,
  readableBytes,
  stepFill,
} from './policy/fill-machine.ts';
import { failureOf, receive } from './receive.ts';
import type { Ticket } from './turnstile.ts';

/**
 * One digest on its way, owned by the store: it goes on when nobody follows. What is done in each state is a function here,
 * and what comes next is the table of `policy/fill-machine.ts`. One thing is done after the other, so there are never two
 * deliveries at once, and never more than one piece between the source and the disk.
 */
export class RunningFill {
  /** Resolves with the size when the file is whole and has its name; rejects with an AppError. */
  readonly done: Promise<number>;
  readonly #wanted: WantedBlob;
  readonly #deps: FillDeps;
  readonly #sources: BlobSource[];
  #promisedBytes: number | undefined;
  readonly #places = new Set<Place>();
  readonly #ticket: Ticket;
  readonly #changed = createLatch();
  #fill: Fill;
  /** Bytes on the disk; the state has it as of its last step. */
  #here = 0;
  #hash = createHash('sha256');
  #file: FillFile | undefined;
  #delivery: BlobDelivery | undefined;
  /** Ends the delivery. */
  #hangUp = new AbortController();
  #broken: AppError | undefined;
  #failure: AppError | undefined;
  #isOver = false;

  constructor(wanted: WantedBlob, deps: FillDeps) {
    this.#wanted = wanted;
    this.#deps = deps;
    this.#sources = [...wanted.sources];
    this.#promisedBytes = wanted.sizeBytes;
    this.#fill = beginFill(this.#terms());
    this.#ticket = deps.turnstile.enter(() => FILL_PRIORITIES.indexOf(this.#priority()));
    this.done = this.#run();
    // Whoever wants to know asks for it; to the others the state says it.
    this.done.catch(() => undefined);
  }

  get progress(): { readonly bytesDone: number; readonly sizeBytes: number | undefined } {
    return { bytesDone: this.#here, sizeBytes: this.#fill.sizeBytes };
  }

  /** Whether somebody who comes now can read all of it: where the disk is full, its beginning may have passed already. */
  get isWhole(): boolean {
    return this.#file?.isWhole ?? true;
  }

  /** Why it is not put on the disk; undefined: it is, as far as it is known. */
  get full(): AppError | undefined {
    return this.#file?.full;
  }

  /** Somebody else wants it: other ways to the same bytes are asked after those that are known. */
  join({ sources, sizeBytes }: WantedBlob): void {
    // Of two who say another size one lies, and nobody knows which: the sources and the digest say what is right.
    if (sizeBytes !== undefined && sizeBytes !== this.#promisedBytes) this.#promisedBytes = undefined;
    const known = new Set(this.#sources.map(({ label }) => label));
    this.#sources.push(...sources.filter(({ label }) => !known.has(label)));
  }

  /** See `ContentStore.follow`. */
  async follow(priority: FillPriority): Promise<OpenAsset> {
    const place: Place = { priority, position: 0 };
    this.#places.add(place);
    // Somebody stands there and waits.
    this.#ticket.hurry();
    const leave = (): void => {
      this.#places.delete(place);
      this.#file?.left();
      this.#changed.open();
      this.#closeIfUnused();
    };
    while (!this.#failure && !isFollowable(this.#fill)) await this.#changed.next();
    if (!this.#failure) return createFollower(this.#followed(place, leave), this.#fill.sizeBytes ?? 0);
    leave();
    throw this.#failure;
  }

  #followed(place: Place, left: () => void): Followed {
    return {
      sizeBytes: () => this.#fill.sizeBytes,
      readable: () => readableBytes(this.#fill, this.#here),
      round: () => this.#fill.round,
      failure: () => this.#failure,
      read: (into, position) => this.#opened().read(place, into, position),
      changed: () => this.#changed.next(),
      left,
    };
  }

  async #run(): Promise<number> {
    // In a later turn: nobody must meet a fill that is not in the table yet.
    await Promise.resolve();
    while (isActiveFill(this.#fill.kind)) {
      const event = await this.#act(this.#fill.kind).catch((cause: unknown) => this.#fault(cause));
      this.#fill = stepFill(this.#fill, event, this.#terms());
      this.#here = this.#fill.here;
      if (this.#here === 0) this.#hash = createHash('sha256');
      if (this.#fill.kind !== 'receiving') this.#dropDelivery();
      // Of its end they are told with the reason.
      if (this.#fill.kind !== 'failed') this.#changed.open();
    }
    return this.#end();
  }

  #act(kind: ActiveFillKind): Promise<FillEvent> {
    switch (kind) {
      case 'queued':
        return this.#queue();
      case 'restoring':
        return this.#restore();
      case 'asking':
        return this.#ask();
      case 'receiving':
        return this.#receive();
      case 'waiting':
        return this.#wait();
      case 'verifying':
        return this.#verify();
      case 'keeping':
        return this.#keep();
      default:
        return kind satisfies never;
    }
  }

  async #queue(): Promise<FillEvent> {
    await unlessStopped(this.#ticket.passed, this.#deps.signal);
    return this.#unlessStopping({ kind: 'started' });
  }

  async #restore(): Promise<FillEvent> {
    this.#file = await FillFile.open(this.#wanted.digest, { ...this.#deps, places: this.#places });
    const take = (bytes: Uint8Array): void => void this.#hash.update(bytes);
    const here = await this.#file.restore(take, () => this.#deps.signal.aborted);
    return this.#unlessStopping({ kind: 'restored', here });
  }

  async #ask(): Promise<FillEvent> {
    const source = this.#source();
    await this.#opened().prepare(this.#here);
    const barred = this.#deps.barred(source);
    if (barred !== undefined) return this.#refused(new AppError('asset-wrong-digest', barred));
    const { stallMs, signal } = this.#deps;
    this.#hangUp = new AbortController();
    const ended = AbortSignal.any([signal, this.#hangUp.signal]);
    const request = { fromByte: this.#here, stallMs, signal: ended, priority: () => this.#priority() };
    try {
      this.#delivery = await source.deliver(request);
    } catch (cause) {
      return this.#refused(cause);
    }
    const { startsAt, sizeBytes } = this.#delivery;
    return { kind: 'answered', startsAt, sizeBytes };
  }

  async #receive(): Promise<FillEvent> {
    const { sizeBytes, skip } = this.#fill;
    const delivery = this.#delivery;
    if (!delivery) throw new Error('a fill receives what it did not ask for');
    const { maxBytes, clock } = this.#deps;
    const keep = (bytes: Uint8Array) => this.#take(bytes);
    const monotonic = () => clock.monotonic();
    const received = await receive({ delivery, sizeBytes, maxBytes, skip, here: this.#here, keep, monotonic });
    const { failure, rest, ...arrived } = received;
    if (!failure) {
      const hangUp = this.#hangUp;
      void rest.then(() => hangUp.abort());
      this.#delivery = undefined;
      return { kind: 'ended', ...arrived, ...this.#now() };
    }
    return this.#unlessStopping({ kind: 'cut', ...arrived, ...failure, ...this.#now() });
  }

  async #take(bytes: Uint8Array): Promise<void> {
    const { sizeBytes } = this.#fill;
    await this.#opened().write(bytes, this.#here, sizeBytes === undefined ? undefined : sizeBytes - this.#here);
    this.#hash.update(bytes);
    this.#here += bytes.length;
    this.#changed.open();
  }

  async #wait(): Promise<FillEvent> {
    const { clock, random, signal } = this.#deps;
    await pause(this.#fill.tries, { clock, random, signal });
    return this.#unlessStopping({ kind: 'due', wanted: this.#now().wanted });
  }

  async #verify(): Promise<FillEvent> {
    const found = this.#hash.digest('hex');
    const { digest } = this.#wanted;
    if (found === digest) return { kind: 'right' };
    const because = `has sha256 ${found}, expected ${digest}`;
    this.#deps.onWrong(this.#fill.isMixed ? undefined : this.#source(), because);
    return { kind: 'wrong', because };
  }

  async #keep(): Promise<FillEvent> {
    return { kind: (await this.#opened().publish(this.#here)) ? 'kept' : 'unkept' };
  }

  async #end(): Promise<number> {
    this.#ticket.leave();
    const failure = this.#fill.kind === 'failed' ? this.#explain() : undefined;
    const full = this.#file?.full;
    // A disk without a free byte has none for leases. What only came to the reserve is worth keeping.
    const isSpoiled = full?.cause !== undefined || (failure !== undefined && this.#here === 0);
    // When the site stops, what lies here may not even have been looked at.
    if (isSpoiled && !this.#deps.signal.aborted) await this.#file?.drop().catch(() => undefined);
    this.#failure = failure;
    this.#isOver = true;
    this.#deps.onEnd(failure ?? full ?? this.#here);
    this.#changed.open();
    this.#closeIfUnused();
    if (failure ?? full) throw failure ?? full;
    return this.#here;
  }

  #explain(): AppError {
    if (this.#broken) return this.#broken;
    if (this.#deps.signal.aborted) return new AppError('asset-unavailable', 'the site is stopping');
    return explainFailures(this.#wanted.name, this.#fill.failures, this.#sources);
  }

  #fault(cause: unknown): FillEvent {
    const error = AppError.from(cause);
    this.#broken = error;
    return { kind: 'broken', isSpoiled: error.code === 'disk-full' && error.cause !== undefined };
  }

  #refused(cause: unknown): FillEvent {
    return this.#unlessStopping({ kind: 'refused', ...failureOf(cause), ...this.#now() });
  }

  #unlessStopping(event: FillEvent): FillEvent {
    return this.#deps.signal.aborted ? { kind: 'stopped' } : event;
  }

  #now() {
    return { at: this.#deps.clock.monotonic(), wanted: this.#places.size > 0 || this.#deps.isPinned() };
  }

  #source(): BlobSource {
    const source = this.#sources[this.#fill.source];
    if (!source) throw new Error('a fill asks a source that is not there');
    return source;
  }

  #opened(): FillFile {
    if (!this.#file) throw new Error('a fill uses its file before it is open');
    return this.#file;
  }

  #priority(): FillPriority {
    const urgencies = [this.#wanted.priority, ...[...this.#places].map(({ priority }) => priority)];
    return FILL_PRIORITIES.find((priority) => urgencies.includes(priority)) ?? 'prefetch';
  }

  #terms(): FillTerms {
    return { sources: this.#sources.length, promisedBytes: this.#promisedBytes, maxBytes: this.#deps.maxBytes };
  }

  #dropDelivery(): void {
    if (this.#delivery) this.#hangUp.abort();
    this.#delivery = undefined;
  }

  #closeIfUnused(): void {
    if (!this.#isOver || this.#places.size > 0) return;
    const file = this.#file;
    this.#file = undefined;
    file?.close().catch(() => undefined);
  }
}
