import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import { sha256OfText } from '../../src/adapters/node/hash.ts';
import { createSealingKeys } from '../../src/adapters/node/sealing.ts';
import type { Digest } from '../../src/kernel/digest.ts';
import { AppError } from '../../src/kernel/errors.ts';
import type { Ipv4 } from '../../src/kernel/ipv4.ts';
import type { AssetState, ContentStore } from '../../src/model/content.ts';
import type { Revision } from '../../src/model/revision.ts';
import { openApplyFiles } from '../../src/site/apply-files.ts';
import { createDown } from '../../src/site/link/down/down.ts';
import type { ApplyFiles, FetchPiece, Freeze, RevisionSeat, RunningDown } from '../../src/site/link/down/ports.ts';
import type { Wanted } from '../../src/site/link/policy/apply.ts';
import { trialRules } from '../../src/site/link/policy/trial.ts';
import { openRevisionKeeper, type RevisionKeeper } from '../../src/site/revision-keeper.ts';
import { createRevisionSeat } from '../../src/site/revision-seat.ts';
import type { KeySet } from '../../src/wire/link/revision-bundle.ts';
import { bundleOf, keySetOf, type TestKey, testKey } from './sample-bundle.ts';
import { SampleClock, SampleLog, SampleStore } from './sample-site.ts';
import { revisionOf, SAMPLE } from './sample-template.ts';

export const ADA = testKey('Ada');
export const TRIAL_MS = 600_000;
const HERE = [{ network: 'nodes', address: '10.0.0.1' as Ipv4, httpPort: 80 }];
const PIECE_BYTES = 1_500;

/** What head office has of a revision. */
export type Pushed = { readonly wanted: Wanted; readonly text: string; readonly revision: Revision };

class PowerCut extends Error {}

/** A site that head office steers, without its sockets: real files, keys and bundles, and a time that only the test moves. */
export class SteeredSite {
  readonly store = new SampleStore();
  readonly clock = new SampleClock();
  readonly log = new SampleLog();
  readonly sealing = createSealingKeys();
  readonly pins = new Map<string, readonly Digest[]>();
  keys: KeySet = keySetOf(1, [ADA]);
  assetState: AssetState = { kind: 'complete', sizeBytes: 1 };
  problem: string | undefined;
  refusal: string | undefined;
  frozen: Freeze | undefined;
  secrets: ReadonlyMap<string, string> = new Map();
  /** What is asked of head office, in order. */
  readonly offsets: number[] = [];
  /** Set: head office fails, or the disk does. */
  hubFault: Error | undefined;
  diskFault: AppError | undefined;
  /** The power goes before so many things have left a trace on the disk. */
  cut: number | undefined;
  /** How many things have left a trace. */
  traces = 0;
  keeper: RevisionKeeper | undefined;
  #dataDir = '';
  #down: RunningDown | undefined;
  #life = 0;
  #pushed = new Map<Digest, string>();

  get down(): RunningDown {
    if (!this.#down) throw new Error('the site is off');
    return this.#down;
  }

  get dataDir(): string {
    return this.#dataDir;
  }

  get isCut(): boolean {
    return this.cut !== undefined && this.traces >= this.cut;
  }

  /** Switches it on, on what the life before left. */
  async on(): Promise<void> {
    if (this.#dataDir === '') this.#dataDir = await mkdtemp(join(tmpdir(), 'slipway-steered-'));
    this.#life += 1;
    const { store, clock, log, content } = this;
    const live = this.#guard(this.#life);
    const guardedStore = live(store, ['commit']);
    const files = live(await openApplyFiles(this.#dataDir, log), ['write', 'append', 'complete', 'retain']);
    const refuse = () => (this.refusal === undefined ? undefined : new AppError('interface-missing', this.refusal));
    const deps = { dataDir: this.#dataDir, store: guardedStore, content, log, refuse };
    const keeper = await openRevisionKeeper(deps);
    await keeper.resume();
    const seat = createRevisionSeat({
      ...{ siteName: 'store-0417', keeper, content, log, refuse },
      random: { unit: () => 0, bytes: (count) => new Uint8Array(count) },
      trust: { keys: () => this.keys, sealing: () => this.sealing },
      loaders: { find: (name) => ({ name, digest: sha256OfText(name), sizeBytes: 1 }) },
      addressesOf: () => HERE,
      servingAt: () => HERE,
      isGivenHere: () => false,
      onSecrets: async (values) => {
        this.secrets = values;
      },
      onForce: async () => undefined,
      notServing: () => this.problem,
      freeze: () => this.frozen,
    });
    const rules = trialRules(TRIAL_MS);
    this.keeper = keeper;
    this.#down = createDown({
      ...{ store: guardedStore, clock, log, rules, random: { unit: () => 1, bytes: (count) => new Uint8Array(count) } },
      files: this.#failing(files),
      seat: live(seat, ['enter']) as RevisionSeat,
    });
    await this.#down.start();
  }

  /** The cord is pulled: nothing of this life leaves a trace any more. */
  pull(): void {
    this.#life += 1;
    this.#down = undefined;
  }

  /** Told to end; `counts`: because it could not even begin. */
  async off({ counts = false } = {}): Promise<void> {
    await this.#down?.stop({ counts });
    this.pull();
  }

  async close(): Promise<void> {
    await this.off();
    if (this.#dataDir !== '') await rm(this.#dataDir, { recursive: true });
  }

  /** Head office has a revision; `template` tells contents apart. */
  push(
    number: number,
    template: string,
    by: TestKey = ADA,
    more: Partial<Parameters<typeof bundleOf>[1]> = {},
  ): Pushed {
    const revision = revisionOf(SAMPLE.replace('{ name: sample,', `{ name: ${template},`));
    const { text } = bundleOf(by, { number, revision, secrets: {}, ...more });
    const bundle = sha256OfText(text);
    this.#pushed.set(bundle, text);
    const wanted = { number, bundle, sizeBytes: Buffer.byteLength(text), publication: `r${number}` };
    return { wanted, text, revision };
  }

  /** Head office says what it wants, as Sync does. */
  tell({ wanted }: Pushed, fetch: FetchPiece = this.fetch): void {
    this.down.onDesired(wanted, fetch);
  }

  readonly fetch: FetchPiece = async (digest, offset) => {
    this.offsets.push(offset);
    if (this.hubFault) throw this.hubFault;
    const bytes = Buffer.from(this.#pushed.get(digest) ?? '');
    return { chunk: bytes.subarray(offset, offset + PIECE_BYTES), sizeBytes: bytes.length };
  };

  /** Time passes until it is so. */
  async until(seen: () => void, stepMs = 2_000): Promise<void> {
    await vi.waitFor(
      () => {
        this.clock.pass(stepMs);
        seen();
      },
      // Real writes, each with its sync: on a busy disk, eight sites at once take long.
      { interval: 1, timeout: 20_000 },
    );
  }

  async untilState(number: number, state: string): Promise<void> {
    await this.until(() => expect(this.#said()).toEqual([number, state]));
  }

  /** Until the trial of this one is over, and it counts as good. */
  async untilConfirmed(number: number): Promise<void> {
    await this.until(() => expect(this.#said()).toEqual([number, 'confirmed']), TRIAL_MS / 5);
  }

  inForce(): string | undefined {
    return this.keeper?.current()?.template;
  }

  events(): readonly string[] {
    return this.store.kept.map(({ type }) => type);
  }

  #said(): readonly unknown[] {
    const report = this.down.state();
    return [report?.number, report?.state];
  }

  readonly content: ContentStore = {
    open: async () => undefined,
    stateOf: () => this.assetState,
    ensure: async () => undefined,
    follow: () => Promise.reject(new Error('nobody follows')),
    fetch: () => Promise.reject(new Error('nobody fetches')),
    pin: async (owner, digests) => {
      this.pins.set(owner, digests);
    },
  };

  #failing(files: ApplyFiles): ApplyFiles {
    const check = (): void => {
      if (this.diskFault) throw this.diskFault;
    };
    return {
      ...files,
      write: async (applied) => {
        check();
        await files.write(applied);
      },
      append: async (digest, chunk) => {
        check();
        await files.append(digest, chunk);
      },
    };
  }

  /** A part of which the named methods leave traces: they end with the life, and the cut falls among them. */
  #guard(life: number) {
    return <T extends object>(part: T, names: readonly (keyof T & string)[]): T => {
      const guarded = Object.create(part) as T;
      for (const [key, value] of Object.entries(part))
        if (typeof value === 'function') Reflect.set(guarded, key, value);
      for (const name of names) {
        const run = (Reflect.get(part, name) as (...args: unknown[]) => Promise<unknown>).bind(part);
        Reflect.set(guarded, name, (...args: unknown[]) => this.#trace(life, () => run(...args)));
      }
      return guarded;
    };
  }

  async #trace(life: number, run: () => Promise<unknown>): Promise<unknown> {
    if (life !== this.#life || this.isCut) throw new PowerCut();
    this.traces += 1;
    if (this.isCut) throw new PowerCut();
    return run();
  }
}
