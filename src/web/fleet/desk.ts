import { fleetPath } from '../../wire/api/fleet-queries.ts';
import type { FleetFeedItem, PublicationAct } from '../../wire/api/fleet-views.ts';
import { Refusal } from '../api.ts';
import { Feed } from './feed.ts';
import type { Reach } from './words/fleet.ts';

const TIMEOUT_MS = 15_000;
const TOKEN_KEY = 'slipway-token';

/** The token is not, or no more, one of head office. */
export class SignedOut extends Error {}

/** For this tab, until it is closed: never in an address, never in a cookie. */
export const keptToken = {
  read: (): string | undefined => sessionStorage.getItem(TOKEN_KEY) ?? undefined,
  keep: (token: string): void => sessionStorage.setItem(TOKEN_KEY, token),
  forget: (): void => sessionStorage.removeItem(TOKEN_KEY),
};

/** Asks head office once. Rejects with `SignedOut`, with a `Refusal`, or with any other error if it does not answer. */
export async function askHub<T>(token: string, path: string, body?: object): Promise<T> {
  const control = new AbortController();
  const late = setTimeout(() => control.abort(), TIMEOUT_MS);
  try {
    const post = { method: 'POST', body: JSON.stringify(body ?? {}) };
    const answer = await fetch(path, {
      ...(body === undefined ? {} : post),
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...{ signal: control.signal, credentials: 'omit', cache: 'no-store' },
    });
    const said: unknown = await answer.json();
    if (answer.ok) return said as T;
    throw answer.status === 401 ? new SignedOut(refusalOf(said)) : new Refusal(refusalOf(said));
  } finally {
    clearTimeout(late);
  }
}

function refusalOf(said: unknown): string {
  const { error } = said as { error?: { message?: string; help?: string } };
  return [error?.message, error?.help].flatMap((text) => (text ? [text.replace(/([^.!?])$/, '$1.')] : [])).join(' ');
}

/** All that a page has of head office: questions, commands, and word of what has changed. */
export class Desk {
  readonly #token: string;
  readonly #feed: Feed;
  readonly #items = new Set<(item: FleetFeedItem) => void>();
  readonly #onReach: (reach: Reach) => void;
  readonly #onSignedOut: (because: string) => void;
  #reach: Reach = { isLive: false };

  constructor(token: string, tell: { onReach: (reach: Reach) => void; onSignedOut: (because: string) => void }) {
    this.#token = token;
    this.#onReach = tell.onReach;
    this.#onSignedOut = tell.onSignedOut;
    this.#feed = new Feed(token, {
      onItem: (item) => this.#spread(item),
      onLive: (isLive) => {
        this.#note({ ...this.#reach, isLive });
        // Live again: what happened in between may never be told. Not live: then it is to be seen whether head office answers.
        this.#spread({ view: 'all' });
      },
    });
  }

  /** Rejects as `askHub` does. */
  async ask<T>(path: string): Promise<T> {
    const startedAt = Date.now();
    try {
      const view = await askHub<T>(this.#token, path);
      this.#note({ answeredAt: Date.now(), isLive: this.#reach.isLive });
      return view;
    } catch (thrown) {
      this.#miss(thrown, startedAt);
      throw thrown;
    }
  }

  /** Rejects as `askHub` does. */
  async act(publication: string, act: PublicationAct, because: string): Promise<{ readonly sentence: string }> {
    const path = `${fleetPath('publication', { publication })}/${act}`;
    try {
      return await askHub(this.#token, path, because === '' ? {} : { because });
    } catch (thrown) {
      if (thrown instanceof SignedOut) this.#onSignedOut(thrown.message);
      throw thrown;
    }
  }

  onItem(listener: (item: FleetFeedItem) => void): () => void {
    this.#items.add(listener);
    return () => void this.#items.delete(listener);
  }

  close(): void {
    this.#feed.close();
    this.#items.clear();
  }

  #spread(item: FleetFeedItem): void {
    for (const listener of this.#items) listener(item);
  }

  #miss(thrown: unknown, at: number): void {
    if (thrown instanceof SignedOut) this.#onSignedOut(thrown.message);
    else if (thrown instanceof Refusal) this.#note({ answeredAt: at, isLive: this.#reach.isLive });
    else this.#note({ ...this.#reach, silentSince: this.#reach.silentSince ?? this.#reach.answeredAt ?? at });
  }

  #note(reach: Reach): void {
    this.#reach = reach;
    this.#onReach(reach);
  }
}
