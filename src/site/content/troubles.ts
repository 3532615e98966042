import type { Digest } from '../../kernel/digest.ts';
import { shortDigest } from '../../kernel/digest.ts';
import type { AppError } from '../../kernel/errors.ts';
import type { Cancel, Clock, Log, Random } from '../../kernel/ports.ts';
import type { AssetState, WantedBlob } from '../../model/content.ts';
import { retryDelays } from './retry.ts';

type Failed = Extract<AssetState, { kind: 'failed' }>;
type Trouble = { readonly delays: Iterator<number>; readonly state: Failed; readonly cancel: Cancel };

export type TroubleDeps = {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Hears that it is time to try once more. */
  readonly onDue: (wanted: WantedBlob) => void;
};

/** What could not be fetched: why, and when it is tried again. */
export class Troubles {
  readonly #deps: TroubleDeps;
  readonly #troubles = new Map<Digest, Trouble>();

  constructor(deps: TroubleDeps) {
    this.#deps = deps;
  }

  stateOf(digest: Digest): Failed | undefined {
    return this.#troubles.get(digest)?.state;
  }

  add(wanted: WantedBlob, error: AppError): void {
    const { clock, log, random, onDue } = this.#deps;
    const { digest, name } = wanted;
    const former = this.#troubles.get(digest);
    former?.cancel();
    const delays = former?.delays ?? retryDelays(random);
    const delayMs = delays.next().value;
    this.#troubles.set(digest, {
      delays,
      state: { kind: 'failed', because: error.message, nextTryAt: clock.now() + delayMs },
      cancel: clock.after(delayMs, () => onDue(wanted)),
    });
    log.warn({ asset: name, digest: shortDigest(digest), code: error.code, nextTryInMs: delayMs }, error.message);
  }

  drop(digest: Digest): void {
    this.#troubles.get(digest)?.cancel();
    this.#troubles.delete(digest);
  }

  stop(): void {
    for (const { cancel } of this.#troubles.values()) cancel();
  }
}
