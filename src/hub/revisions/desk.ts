import { AppError } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/ports.ts';
import { MOST_PUSH_BYTES, type PushBody, type PushDesk, type PushJob, parsePush } from '../../wire/api/pushes.ts';
import { type IntakeDeps, takeIn } from './intake.ts';
import { newestKeys } from './key-sets.ts';
import { listSites, readBundle } from './known.ts';

/** Who asks for a job that ended reads its end for so many pushes. */
const MOST_JOBS = 8;

/** Takes pushes in, one after the other, and says what a push must know. */
export function createPushDesk(deps: IntakeDeps & { readonly log: Log }): PushDesk {
  return new Desk(deps);
}

class Desk implements PushDesk {
  readonly #deps: IntakeDeps & { readonly log: Log };
  readonly #jobs = new Map<string, PushJob>();

  constructor(deps: IntakeDeps & { readonly log: Log }) {
    this.#deps = deps;
  }

  sites(): ReturnType<PushDesk['sites']> {
    return this.#deps.store.read(async (tx) => {
      const keys = await newestKeys(tx, this.#deps.crypto);
      return { ...(keys && { keys }), sites: await listSites(tx) };
    });
  }

  bundle(site: string, number: number): ReturnType<PushDesk['bundle']> {
    return this.#deps.store.read((tx) => readBundle(tx, site, number));
  }

  async begin(bytes: Uint8Array, by: string): Promise<PushJob> {
    if (!(bytes instanceof Uint8Array) || bytes.length > MOST_PUSH_BYTES)
      throw new AppError('usage-invalid', 'a push is sent as application/octet-stream');
    const text = new TextDecoder().decode(bytes);
    const id = this.#deps.crypto.sha256(text).slice(0, 16);
    const known = this.#jobs.get(id);
    if (known && known.state !== 'refused') return known;
    const push = parsePush(text);
    if (!push.ok) throw new AppError('usage-invalid', push.error);
    if ([...this.#jobs.values()].some(({ state }) => state === 'running'))
      throw new AppError('command-refused', 'another push is being taken in; try again in a minute');
    this.#note({ job: id, state: 'running', done: 0, of: push.value.sites.length });
    void this.#run(id, push.value, by);
    return this.job(id);
  }

  job(id: string): PushJob {
    const job = this.#jobs.get(id);
    if (job) return job;
    throw new AppError('not-found', 'head office knows nothing of this push: it was started anew since; push again');
  }

  async #run(id: string, push: PushBody, by: string): Promise<void> {
    const { log } = this.#deps;
    try {
      const row = await takeIn(push, by, this.#deps, () =>
        this.#note({ ...this.job(id), done: this.job(id).done + 1 }),
      );
      this.#note({ ...this.job(id), state: 'done', ...(row && { push: row.id }) });
      log.info({ push: row?.id, sites: push.sites.length, by }, 'a push was taken in');
    } catch (thrown) {
      const error = AppError.from(thrown);
      this.#note({ ...this.job(id), state: 'refused', because: error.message });
      if (error.family === 'caller') log.warn({ by, because: error.message }, 'a push was refused');
      else log.error({ by, error }, 'a push could not be taken in');
    }
  }

  #note(job: PushJob): void {
    this.#jobs.delete(job.job);
    this.#jobs.set(job.job, job);
    for (const [id, { state }] of this.#jobs) {
      if (this.#jobs.size <= MOST_JOBS) return;
      if (state !== 'running') this.#jobs.delete(id);
    }
  }
}
