import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { AppError } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/ports.ts';
import type { BackupFile, HubStore, HubTx } from '../../model/fleet/hub-store.ts';
import type { Faults } from './faults.ts';
import { HubLane } from './hub-lane.ts';
import type { HubCalls } from './hub-protocol.ts';
import { OpenUnit } from './hub-tx.ts';
import { Turns } from './turns.ts';
import { UnitQueue } from './unit-queue.ts';
import { WorkerClient, workerFile } from './worker-client.ts';

/** A unit that takes longer keeps all others waiting: it is taken back. */
const UNIT_MS = 10_000;
/** Looks at the same time; each has a connection of its own. */
const LOOKS = [1, 2, 3, 4, 5, 6, 7, 8];

export type HubStoreOptions = {
  readonly log?: Log;
  /** The worker is gone and the store with it: every unit is rejected from now on. */
  readonly onLost?: (error: AppError) => void;
  /** A test aid: troubles of the disk from the first unit on. */
  readonly faults?: Faults;
  /** A test aid. */
  readonly unitMs?: number;
};

/** `HubStore` on SQLite. `inject` is a test aid. */
export interface SqliteHubStore extends HubStore {
  inject(faults: Faults): Promise<void>;
}

type Client = WorkerClient<HubCalls>;

/**
 * Opens head office's store in the file `path`, making it and its directory (mode 0700) if need be; `:memory:` is one in
 * a directory of its own that is gone when it is closed, or with the process.
 * @throws AppError `store-locked`, `store-read-only`, `store-newer`, `store-damaged`, `disk-full`, `disk-failed`; what
 * is there is then left as it is
 */
export async function openHubStore(path: string, options: HubStoreOptions = {}): Promise<SqliteHubStore> {
  const isKept = path !== ':memory:';
  const file = isKept ? path : join(makeScratch(), 'hub.db');
  const worker = startWorker((error) => options.onLost?.(error));
  const release = async () => {
    await worker.close();
    if (!isKept) dropScratch(dirname(file));
  };
  try {
    const epoch = await worker.call('open', { path: file, isKept });
    if (options.faults) await worker.call('injectFaults', options.faults);
    return new WorkerHubStore(worker, file, epoch, options, release);
  } catch (error) {
    await release();
    throw error;
  }
}

function startWorker(onLost: (error: AppError) => void): Client {
  return new WorkerClient(onLost, workerFile('hub-worker.ts', 'hub-store-worker.js'));
}

class WorkerHubStore implements SqliteHubStore {
  readonly epoch: string;
  readonly #worker: Client;
  readonly #file: string;
  readonly #release: () => Promise<void>;
  readonly #units: UnitQueue;
  readonly #looks = new Turns(LOOKS);
  #closing: Promise<void> | undefined;

  constructor(worker: Client, file: string, epoch: string, options: HubStoreOptions, release: () => Promise<void>) {
    this.#worker = worker;
    this.#file = file;
    this.epoch = epoch;
    this.#units = new UnitQueue(worker, options.unitMs ?? UNIT_MS);
    this.#release = release;
  }

  async work<T>(unit: (tx: HubTx) => Promise<T>): Promise<T> {
    this.#assertOpen();
    return this.#units.work(unit);
  }

  async read<T>(look: (tx: HubTx) => Promise<T>): Promise<T> {
    this.#assertOpen();
    return this.#looks.run((number) => this.#look(number, look));
  }

  async backup(path: string, files: readonly BackupFile[] = []): Promise<{ readonly bytes: number }> {
    this.#assertOpen();
    const worker = startWorker(() => {});
    try {
      return await worker.call('backup', { database: this.#file, path, files });
    } finally {
      await worker.close();
    }
  }

  close(): Promise<void> {
    this.#closing ??= Promise.all([this.#units.idle(), this.#looks.end()]).then(this.#release);
    return this.#closing;
  }

  async inject(faults: Faults): Promise<void> {
    await this.#worker.call('injectFaults', faults);
  }

  #assertOpen(): void {
    if (this.#closing) throw new AppError('site-not-ready', 'the store is closed');
  }

  async #look<T>(number: number, look: (tx: HubTx) => Promise<T>): Promise<T> {
    const lane = new HubLane(this.#worker, number);
    const tx = new OpenUnit(lane, false);
    lane.tell('begin');
    try {
      return await look(tx);
    } finally {
      tx.end('is over');
      lane.end();
    }
  }
}

const scratches = new Set<string>();

function makeScratch(): string {
  if (scratches.size === 0) process.once('exit', dropScratches);
  const dir = mkdtempSync(join(tmpdir(), 'slipway-hub-'));
  scratches.add(dir);
  return dir;
}

function dropScratch(dir: string): void {
  rmSync(dir, { recursive: true, force: true });
  scratches.delete(dir);
  if (scratches.size === 0) process.off('exit', dropScratches);
}

function dropScratches(): void {
  for (const dir of scratches) rmSync(dir, { recursive: true, force: true });
}
