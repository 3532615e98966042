import { createHash } from 'node:crypto';
import { canonicalJson } from '../../../kernel/canonical-json.ts';
import type { LinkClient } from '../../../wire/link/client.ts';
import type { StateEntry } from '../../../wire/link/gen/link.ts';
import { CALL } from './event-lane.ts';

/** Head office takes no larger value. */
const MAX_VALUE_BYTES = 256 * 1024;
/** Values of one call; the others come with the next one. */
const MAX_CALL_BYTES = 1024 * 1024;
/** A head office that asks for the same values without end is left alone until something changes. */
const MOST_ROUNDS = 20;

type Entry = { readonly key: string; readonly digest: Buffer; readonly value: Buffer };

/** Keeps head office's picture of this site as it is here: the newest of each key, by digest, and a value only where it is asked for. */
export class StateLane {
  readonly #session: string;
  readonly #read: () => ReadonlyMap<string, unknown>;
  #counter = 0;
  #sent: string | undefined;

  constructor(session: string, read: () => ReadonlyMap<string, unknown>) {
    this.#session = session;
    this.#read = read;
  }

  /** After a Hello: head office may have another picture than before. */
  forget(): void {
    this.#sent = undefined;
  }

  /** Says what has changed. False: nothing has. Rejects as LinkClient does. */
  async step(client: Pick<LinkClient, 'call'>): Promise<boolean> {
    const entries = [...this.#read()].map(([key, value]) => entryOf(key, value));
    const digest = digestOf(entries);
    if (digest === this.#sent) return false;
    let wanted = new Set<string>();
    for (let round = 0; round < MOST_ROUNDS; round++) {
      this.#counter += 1;
      const request = { session: this.#session, entries: withValues(entries, wanted), counter: BigInt(this.#counter) };
      const { missing } = await client.call('putState', request, CALL);
      if (missing.length === 0) break;
      wanted = new Set(missing);
    }
    this.#sent = digest;
    return true;
  }
}

function entryOf(key: string, given: unknown): Entry {
  const whole = Buffer.from(canonicalJson(given));
  const value =
    whole.length <= MAX_VALUE_BYTES ? whole : Buffer.from(canonicalJson({ cut: true, bytes: whole.length }));
  return { key, value, digest: createHash('sha256').update(value).digest() };
}

function digestOf(entries: readonly Entry[]): string {
  const hash = createHash('sha256');
  for (const { key, digest } of entries) hash.update(`${key}\n`).update(digest);
  return hash.digest('hex');
}

function withValues(entries: readonly Entry[], wanted: ReadonlySet<string>): StateEntry[] {
  let bytes = 0;
  return entries.map(({ key, digest, value }) => {
    if (!wanted.has(key) || bytes > MAX_CALL_BYTES) return { key, digest };
    bytes += value.length;
    return { key, digest, value };
  });
}
