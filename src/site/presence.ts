import { AppError } from '../kernel/errors.ts';
import type { Clock, Log } from '../kernel/ports.ts';
import type { Revision } from '../model/revision.ts';
import type { RevisionSource, SiteAddress } from '../model/site-ports.ts';
import { type AddressWatch, watchAddresses } from './address-watch.ts';
import type { SiteConfig } from './config.ts';
import { deviceAddresses, siteAddresses } from './networks.ts';

export type PresenceDeps = {
  readonly config: SiteConfig;
  readonly revisions: () => RevisionSource | undefined;
  /** Opens all sockets to nodes, where `Presence.addresses` says. */
  readonly open: () => Promise<void>;
  /** Shows the page and its API, and nothing else. */
  readonly show: (at: readonly SiteAddress[]) => Promise<void>;
  /** Begins the whole site anew: sockets are opened once. */
  readonly restart: (because: string) => void;
  readonly clock: Clock;
  readonly log: Log;
};

/** Where the site serves its nodes, from when on. */
export interface Presence {
  /** Where nodes are served; empty while none are. */
  addresses(): readonly SiteAddress[];
  /** As `addresses`; for people also where the site waits for its first revision. */
  shown(): readonly SiteAddress[];
  isServing(): boolean;
  /** Whether it came to serve nodes, also after `end`. */
  hasServed(): boolean;
  /** Why nodes are not served although there is a revision, or cannot reach the site; undefined: they can, or the site is starting. */
  problem(): string | undefined;
  /** Opens what the revision in force asks for. Without one, a site that head office steers shows its page and waits. */
  begin(): Promise<void>;
  /** Another revision is in force: opens the sockets for the first one, begins anew for one with other addresses. */
  follow(): Promise<void>;
  end(): void;
}

export function createPresence(deps: PresenceDeps): Presence {
  return new SitePresence(deps);
}

class SitePresence implements Presence {
  readonly #deps: PresenceDeps;
  #addresses: readonly SiteAddress[] | undefined;
  #shown: readonly SiteAddress[] = [];
  #state: 'starting' | 'waiting' | 'serving' | 'ended' = 'starting';
  #problem: string | undefined;
  #watch: AddressWatch | undefined;
  #hasServed = false;

  constructor(deps: PresenceDeps) {
    this.#deps = deps;
  }

  addresses(): readonly SiteAddress[] {
    return this.#addresses ?? [];
  }

  shown(): readonly SiteAddress[] {
    return this.#addresses ?? this.#shown;
  }

  isServing(): boolean {
    return this.#state === 'serving';
  }

  hasServed(): boolean {
    return this.#hasServed;
  }

  problem(): string | undefined {
    return this.#problem ?? this.#watch?.problem();
  }

  async begin(): Promise<void> {
    const revision = this.#deps.revisions()?.current();
    if (revision) {
      await this.#open(revision);
      // One that came into force meanwhile may stand elsewhere.
      return this.follow();
    }
    if (!this.#deps.config.hub) throw new AppError('template-invalid', 'there is no revision to run');
    this.#shown = deviceAddresses(this.#deps.config);
    await this.#deps.show(this.#shown);
    this.#state = 'waiting';
  }

  async follow(): Promise<void> {
    const revision = this.#deps.revisions()?.current();
    if (!revision || this.#state === 'starting' || this.#state === 'ended') return;
    if (this.#state === 'waiting' && this.#problem === undefined) {
      await this.#open(revision).catch((thrown: unknown) => {
        this.#problem = `its sockets cannot be opened: ${AppError.from(thrown).message}`;
        this.#deps.log.error({ revision: revision.number }, this.#problem);
      });
      return;
    }
    const because = this.#whyAnew(revision);
    if (because !== undefined) this.#deps.restart(because);
  }

  end(): void {
    this.#state = 'ended';
    this.#watch?.stop();
  }

  async #open(revision: Revision): Promise<void> {
    const { config, open, clock, log } = this.#deps;
    this.#addresses = siteAddresses(revision, config.interfaces, config.ports);
    await open();
    this.#state = 'serving';
    this.#hasServed = true;
    this.#watch = watchAddresses(config, {
      ...{ clock, log, addresses: () => this.addresses(), beginAnew: () => this.follow() },
      revision: () => this.#deps.revisions()?.current(),
    });
  }

  /** Sockets that could not be opened for one revision may be half open. */
  #whyAnew(revision: Revision): string | undefined {
    if (this.#problem !== undefined)
      return `revision ${revision.number} is in force, and sockets are to be opened anew`;
    const { config } = this.#deps;
    const [to, from] = [siteAddresses(revision, config.interfaces, config.ports), this.addresses()].map((sites) =>
      sites.map(({ network, address }) => `${network} ${address}`).join(', '),
    );
    return to === from ? undefined : `revision ${revision.number} puts this site at ${to}; it was at ${from}`;
  }
}
