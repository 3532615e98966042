import { fleetPath } from '../../wire/api/fleet-queries.ts';
import { FEED_HEARTBEAT_MS, type FleetFeedItem } from '../../wire/api/fleet-views.ts';
import { EventLines } from './sse.ts';

/** Twice nothing was heard that should have been. */
const DEAF_MS = 2.5 * FEED_HEARTBEAT_MS;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 15_000;

type Listener = {
  readonly onItem: (item: FleetFeedItem) => void;
  readonly onLive: (isLive: boolean) => void;
};

/**
 * Follows head office's stream of changes, and comes back whenever it ends. By `fetch`, as the browser's own EventSource sends no
 * header: the token would have to stand in the address.
 */
export class Feed {
  readonly #token: string;
  readonly #listener: Listener;
  readonly #end = new AbortController();
  #failures = 0;
  #lastId = '';

  constructor(token: string, listener: Listener) {
    this.#token = token;
    this.#listener = listener;
    void this.#run();
  }

  close(): void {
    this.#end.abort();
  }

  async #run(): Promise<void> {
    while (!this.#end.signal.aborted) {
      await this.#follow().catch(() => undefined);
      if (this.#end.signal.aborted) return;
      this.#listener.onLive(false);
      const most = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#failures++);
      await new Promise((resolve) => setTimeout(resolve, most * (0.5 + Math.random() / 2)));
    }
  }

  async #follow(): Promise<void> {
    const control = new AbortController();
    const stop = (): void => control.abort();
    this.#end.signal.addEventListener('abort', stop);
    let deaf = setTimeout(stop, DEAF_MS);
    try {
      const answer = await fetch(fleetPath('feed', {}, { after: this.#lastId }), {
        ...{ headers: { authorization: `Bearer ${this.#token}` }, credentials: 'omit', cache: 'no-store' },
        signal: control.signal,
      });
      const reader = answer.ok ? answer.body?.getReader() : undefined;
      if (!reader) return stop();
      const text = new TextDecoder();
      const lines = new EventLines();
      this.#failures = 0;
      this.#listener.onLive(true);
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        clearTimeout(deaf);
        deaf = setTimeout(stop, DEAF_MS);
        for (const data of lines.take(text.decode(part.value, { stream: true }))) this.#tell(data);
        this.#lastId = lines.lastId || this.#lastId;
      }
    } finally {
      clearTimeout(deaf);
      this.#end.signal.removeEventListener('abort', stop);
    }
  }

  #tell(data: string): void {
    this.#listener.onItem(JSON.parse(data) as FleetFeedItem);
  }
}
