import { AppError } from '../../kernel/errors.ts';
import type { HubTx } from '../../model/fleet/hub-store.ts';
import { HubLane } from './hub-lane.ts';
import { type GroupOutcome, type HubCalls, WRITER } from './hub-protocol.ts';
import { OpenUnit } from './hub-tx.ts';
import type { ErrorText } from './protocol.ts';
import { decodeError } from './store-errors.ts';
import type { WorkerClient } from './worker-client.ts';

/** Those that follow each other go to the disk together: its one sync costs more than many units. */
const GROUP_UNITS = 64;
/** The first of a group waits no longer than about this for the others. */
const GROUP_MS = 25;

type Unit = (tx: HubTx) => Promise<unknown>;
type Waiting = {
  readonly unit: Unit;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
};
/** What to say to whoever waits for a unit that ran, once the disk has it. */
type Ran = Waiting & ({ readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: unknown });

/**
 * Units of work, one after the other. Each sees what those before it wrote; it is answered when that and its own are on disk.
 * If its group cannot be committed, nothing of any of them is kept, and all are told.
 */
export class UnitQueue {
  readonly #worker: WorkerClient<HubCalls>;
  readonly #unitMs: number;
  readonly #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;

  constructor(worker: WorkerClient<HubCalls>, unitMs: number) {
    this.#worker = worker;
    this.#unitMs = unitMs;
  }

  work<T>(unit: (tx: HubTx) => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ unit, resolve: resolve as (value: unknown) => void, reject });
      this.#running ??= this.#run();
    });
  }

  /** Resolves when nothing waits any more. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running;
  }

  async #run(): Promise<void> {
    // Lets all that comes in the same turn into the first group.
    await Promise.resolve();
    while (this.#waiting.length > 0) await this.#runGroup();
    this.#running = undefined;
  }

  async #runGroup(): Promise<void> {
    const lane = new HubLane(this.#worker, WRITER);
    const ran: Ran[] = [];
    lane.tell('begin');
    const until = performance.now() + GROUP_MS;
    for (let next = this.#waiting.shift(); next; next = this.#mayGoOn(ran, until) ? this.#waiting.shift() : undefined)
      ran.push(await this.#runUnit(lane, next));
    try {
      const outcome = (await lane.commit()) as GroupOutcome;
      ran.forEach((one, i) => {
        settle(one, outcome[i] ?? null);
      });
    } catch (error) {
      // Also those that refused: what they had read is not there.
      for (const { reject } of ran) reject(error);
    }
  }

  #mayGoOn(ran: readonly Ran[], until: number): boolean {
    return ran.length < GROUP_UNITS && performance.now() < until;
  }

  async #runUnit(lane: HubLane, waiting: Waiting): Promise<Ran> {
    const tx = new OpenUnit(lane, true);
    lane.tell('unit');
    try {
      const value = await inTime(waiting.unit(tx), this.#unitMs);
      tx.end('is committed');
      lane.tell('keep');
      return { ...waiting, ok: true, value };
    } catch (error) {
      tx.end('was taken back');
      lane.tell('drop');
      return { ...waiting, ok: false, error };
    }
  }
}

function settle(one: Ran, lost: ErrorText | null): void {
  if (!one.ok) one.reject(one.error);
  else if (lost) one.reject(decodeError(lost));
  else one.resolve(one.value);
}

function inTime<T>(work: Promise<T>, mostMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = () =>
      reject(new AppError('internal', `a unit of work did not end in ${mostMs} ms; nothing of it is kept`));
    const timer = setTimeout(late, mostMs);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
