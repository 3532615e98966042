import { AppError } from '../../kernel/errors.ts';
import type { LinkView } from '../../wire/api/link.ts';
import { Refusal } from '../../wire/link/refusals.ts';
import { learnTime, sayHello } from './calls.ts';
import { stayOnline } from './online.ts';
import type { LinkParts } from './parts.ts';
import { BOOT_DELAY_MS, type LinkEvent, type LinkState, nextLinkState, retryDelayMs } from './policy/link-states.ts';
import { linkView } from './policy/link-status.ts';
import { Wake } from './wake.ts';

export interface Link {
  view(): LinkView;
  stop(): Promise<void>;
}

/** Of two boxes with one identity, the one that stands aside asks so often whether it still has to. */
const ASIDE_MS = 60_000;

/** The link of a site to head office: it joins, says who it is, and then brings up and takes down for as long as it can. Starts at once. */
export function startLink(parts: LinkParts): Link {
  const loop = new Loop(parts);
  const ended = loop.run();
  return {
    view: () => loop.view(),
    stop: async () => {
      loop.end();
      // What waits for an answer hears that there is none.
      await Promise.all([parts.client.close(), parts.stranger.close()]);
      await ended;
    },
  };
}

class Loop {
  readonly #parts: LinkParts;
  readonly #over = new AbortController();
  readonly #wake = new Wake();
  #state: LinkState = 'waiting';
  #since: number;
  #failures = 0;
  #waitMs: number;
  #trouble: { readonly because: string; readonly since: number } | undefined;

  constructor(parts: LinkParts) {
    this.#parts = parts;
    this.#since = parts.time.now();
    // A box that joins is one box, with a person beside it.
    const isNew = parts.identity.step() === 'enroll';
    this.#waitMs = isNew ? 0 : parts.random.unit() * (parts.bootDelayMs ?? BOOT_DELAY_MS);
  }

  view(): LinkView {
    const hasDamagedIdentity = this.#parts.identity.step() === 'mend';
    return linkView({ state: this.#state, since: this.#since, trouble: this.#trouble, hasDamagedIdentity });
  }

  async run(): Promise<void> {
    const { identity, time, log } = this.#parts;
    const unhook = identity.onChange(() => this.#wake.call());
    while (!this.#over.signal.aborted) {
      const event = await this.#do[this.#state]().catch((thrown: unknown) => this.#failed(thrown));
      const next = nextLinkState(this.#state, event);
      if (next === this.#state) continue;
      if (next === 'online') log.info({}, 'head office is reached');
      this.#state = next;
      this.#since = time.now();
    }
    unhook();
  }

  end(): void {
    this.#over.abort();
    this.#wake.call();
  }

  /** What is done in each state, and what it comes to. */
  readonly #do: Readonly<Record<LinkState, () => Promise<LinkEvent>>> = {
    waiting: async () => ((await this.#wake.wait(this.#parts.time, this.#waitMs)) ? 'woken' : 'due'),
    idle: async () => {
      await this.#wake.wait(this.#parts.time, undefined);
      return 'woken';
    },
    time: async () => {
      const { identity, client, time, random } = this.#parts;
      // Who knows no roots yet cannot check what it is told.
      if (identity.roots().length > 0) await learnTime(client, time, random);
      return 'done';
    },
    identity: () => takeStep(this.#parts),
    hello: async () => {
      const aside = await sayHello(this.#parts);
      if (aside === undefined) {
        this.#trouble = undefined;
        return 'done';
      }
      this.#waitMs = ASIDE_MS * (0.5 + this.#parts.random.unit());
      this.#note(aside);
      return 'aside';
    },
    online: () =>
      stayOnline({
        ...{ ...this.#parts, over: this.#over.signal },
        // Not before: one who says Hello and fails again and again shall come ever more seldom.
        onAnswer: () => {
          this.#failures = 0;
        },
      }),
  };

  async #failed(thrown: unknown): Promise<LinkEvent> {
    if (this.#over.signal.aborted) return 'failed';
    const { identity, random, log } = this.#parts;
    const refusal = thrown instanceof Refusal ? thrown : undefined;
    this.#failures += 1;
    this.#waitMs = retryDelayMs(this.#failures, refusal?.pauseMs ?? 0, random.unit());
    if (refusal) await identity.heardRefusal(refusal);
    else if (AppError.from(thrown).family === 'ours') log.error({ error: thrown }, 'the link to head office failed');
    this.#note(refusal ? `it refuses: ${refusal.message}` : AppError.from(thrown).message);
    return 'failed';
  }

  #note(because: string): void {
    const { log, time } = this.#parts;
    if (this.#trouble?.because !== because)
      log.warn({ because }, 'head office is not reachable now; the store works without it');
    this.#trouble = { because, since: this.#trouble?.since ?? time.now() };
  }
}

async function takeStep({ identity, client, stranger }: LinkParts): Promise<LinkEvent> {
  const step = identity.step();
  if (step === 'need-code' || step === 'mend') return 'need-code';
  // What is good for weeks yet is renewed beside the lanes: events do not wait for that.
  if (step === 'nothing' || step === 'renew') return 'done';
  await identity.take(step, step === 'enroll' ? stranger : client);
  return 'moved';
}
