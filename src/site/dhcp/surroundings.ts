import { AppError } from '../../kernel/errors.ts';
import type { Cancel, Random } from '../../kernel/ports.ts';
import type { CommandAnswer } from '../../model/commands.ts';
import type { DhcpModeWord, DhcpRole, OtherServer, Sighting, Surroundings } from '../../model/dhcp-role.ts';
import { roleOfMode } from '../../model/dhcp-role.ts';
import type { Network } from '../../model/network.ts';
import type { RevisionSource, SiteAddress } from '../../model/site-ports.ts';
import { ownAddresses } from '../../model/site-ports.ts';
import type { ClientDoor, Look } from './look.ts';
import { clientDoor, look } from './look.ts';
import { cannotLook, concludeRole, isAllowed, leases, nobodyLeases, setRole } from './policy/findings.ts';
import type { ServerBookParts } from './server-book.ts';
import { ServerBook } from './server-book.ts';

export type SurroundingsParts = Omit<ServerBookParts, 'roleOf'> & {
  readonly random: Random;
  readonly revisions: RevisionSource;
  /** Whether the device of a network has a link. */
  readonly hasLink: (network: string) => boolean;
  /** A door that somebody opened for us in a network; without one the site opens its own for each look. */
  readonly doorOf?: (network: string) => ClientDoor | undefined;
  /** A test aid: no wait of a look is longer than this. */
  readonly lookDelayMs?: number | undefined;
};

/** What is shown of a network. */
export type SurroundingsView = {
  readonly role: DhcpRole;
  /** What a person should know of it, if anything. */
  readonly because?: string;
  readonly servers: readonly OtherServer[];
};

export interface RunningSurroundings extends Surroundings {
  /** Begins to look; waits for nothing. */
  start(): void;
  stop(): Promise<void>;
  view(network: Network): SurroundingsView;
  /** A person says what a network of mode `auto` is. Rejects with `not-found`, `command-refused`, or as `Store.commit` does. */
  say(network: string, word: DhcpModeWord, by: string): Promise<CommandAnswer>;
}

const TURN_MS = 2_000;
const FIRST_LOOK_MS = 2_000;
const LOOK_EVERY_MS = 5 * 60_000;
/** Nothing answered where something should: looked at again before anything is said of it. Nobody makes it look more often. */
const LOOK_AGAIN_MS = 60_000;
/** How long a link must be up before a site with mode `auto` looks: at first a switch lets nothing through. */
const SETTLE_MS = 60_000;
const ANSWER_MS = 2_500;

/** How the looking goes on in one network. Times are monotonic. */
type Watch = {
  nextLookAt: number;
  lookedAt: number;
  linkSince: number | undefined;
  emptyLooks: number;
  blind: string | undefined;
  saidBlind: boolean;
};

/** Finds out who else speaks DHCP in the networks of a site, and what the site is there. */
export function createSurroundings(parts: SurroundingsParts): RunningSurroundings {
  return new SiteSurroundings(parts);
}

class SiteSurroundings implements RunningSurroundings {
  readonly #parts: SurroundingsParts;
  readonly #book: ServerBook;
  readonly #watches = new Map<string, Watch>();
  readonly #stopping = Promise.withResolvers<void>();
  #isStopped = false;
  #cancel: Cancel = () => undefined;
  #turn: Promise<void> = Promise.resolve();

  constructor(parts: SurroundingsParts) {
    this.#parts = parts;
    this.#book = new ServerBook({ ...parts, roleOf: (network) => this.roleOf(network) });
  }

  roleOf(network: Network): DhcpRole {
    if (network.mode !== 'auto') return roleOfMode(network);
    // Only what is on disk counts: a role that a restart forgets would be another one afterwards.
    return this.#parts.store.state.surroundings.get(network.name)?.role?.role ?? 'looking';
  }

  keepsToKnown(name: string): boolean {
    const network = this.#networkNamed(name);
    return network !== undefined && this.roleOf(network) === 'authoritative' && this.#hasRival(network);
  }

  heard(sighting: Sighting): void {
    const network = this.#networkNamed(sighting.network);
    if (!network || this.#isStopped || !this.#book.heard(network, sighting)) return;
    const watch = this.#watchOf(network.name);
    watch.nextLookAt = Math.min(watch.nextLookAt, watch.lookedAt + LOOK_AGAIN_MS);
  }

  start(): void {
    this.#schedule(0);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel();
    this.#stopping.resolve();
    await Promise.all([this.#turn, this.#book.idle()]);
  }

  view(network: Network): SurroundingsView {
    const because = this.#because(network);
    const servers = this.#book.findings(network.name).servers.map(({ told: _, ...server }) => ({
      ...server,
      network: network.name,
      allowed: isAllowed(server, network),
    }));
    return { role: this.roleOf(network), servers, ...(because !== undefined && { because }) };
  }

  async say(name: string, word: DhcpModeWord, by: string): Promise<CommandAnswer> {
    const network = this.#networkNamed(name);
    if (!network) throw new AppError('not-found', `this site has no network ${JSON.stringify(name)}`);
    const inTemplate = `the template says mode: ${network.mode} for network ${name}; only of mode auto can it be said here`;
    if (network.mode !== 'auto') throw new AppError('command-refused', inTemplate);
    const watch = this.#watchOf(name);
    Object.assign(watch, { linkSince: undefined, emptyLooks: 0, saidBlind: false, nextLookAt: 0 });
    const at = this.#parts.clock.now();
    const noted = setRole(this.#book.findings(name), name, word === 'look-again' ? 'looking' : word, { by, at });
    await this.#book.write(name, noted);
    return { sentence: noted.events[0]?.sentence ?? '' };
  }

  #atMost(ms: number): number {
    return Math.min(ms, this.#parts.lookDelayMs ?? ms);
  }

  #hasRival(network: Network): boolean {
    return this.#book.hasRival(network, this.#watchOf(network.name).blind !== undefined);
  }

  #networkNamed(name: string): Network | undefined {
    const networks = this.#parts.revisions.current()?.networks;
    return networks && Object.hasOwn(networks, name) ? networks[name] : undefined;
  }

  #because(network: Network): string | undefined {
    const watch = this.#watchOf(network.name);
    if (this.roleOf(network) !== 'looking') {
      if (this.keepsToKnown(network.name))
        return 'another DHCP server leases here, so only machines that fit a slot are served';
      return watch.blind === undefined ? undefined : `the site cannot look for other DHCP servers: ${watch.blind}`;
    }
    if (watch.blind !== undefined) return `it cannot look for other DHCP servers, and serves nobody: ${watch.blind}`;
    return watch.linkSince === undefined
      ? 'it serves nobody before it has looked for other DHCP servers, which waits for a cable'
      : 'it serves nobody before it has looked for other DHCP servers, which takes a minute';
  }

  #watchOf(name: string): Watch {
    const known = this.#watches.get(name);
    if (known) return known;
    const { clock, random } = this.#parts;
    const nextLookAt = clock.monotonic() + this.#atMost(FIRST_LOOK_MS) * (1 + random.unit());
    const watch = {
      nextLookAt,
      lookedAt: Number.NEGATIVE_INFINITY,
      linkSince: undefined,
      emptyLooks: 0,
      blind: undefined,
      saidBlind: false,
    };
    this.#watches.set(name, watch);
    return watch;
  }

  #schedule(afterMs: number): void {
    if (this.#isStopped) return;
    this.#cancel = this.#parts.clock.after(afterMs, () => {
      this.#turn = this.#attendAll().finally(() => this.#schedule(this.#atMost(TURN_MS)));
    });
  }

  async #attendAll(): Promise<void> {
    for (const site of ownAddresses(this.#parts.addresses())) {
      const network = this.#networkNamed(site.network);
      if (!network || this.#isStopped) continue;
      await this.#attend(network, site).catch((thrown: unknown) => {
        const error = AppError.from(thrown);
        const fields = { network: network.name, code: error.code, error: error.message };
        this.#parts.log.error(fields, 'what was found of other DHCP servers could not be kept');
      });
    }
  }

  async #attend(network: Network, site: SiteAddress): Promise<void> {
    const { clock, random, udp } = this.#parts;
    const { name } = network;
    const watch = this.#watchOf(name);
    await this.#book.tidy(network);
    if (this.roleOf(network) === 'looking' && !this.#hasSettled(name, watch)) return;
    if (clock.monotonic() < watch.nextLookAt) return;
    const began = watch.linkSince;
    const door = this.#parts.doorOf?.(name) ?? clientDoor(udp, site.address);
    const [stopped, answerMs] = [this.#stopping.promise, this.#atMost(ANSWER_MS)];
    const seen = await look({ door, clock, random, site: site.address, stopped, answerMs });
    if (this.#isStopped) return;
    watch.lookedAt = clock.monotonic();
    watch.nextLookAt = watch.lookedAt + LOOK_EVERY_MS * (0.8 + 0.4 * random.unit());
    watch.blind = seen.kind === 'blind' ? seen.because : undefined;
    for (const { server, sender, how } of seen.kind === 'blind' ? [] : seen.offers)
      await this.#book.examine(network, { address: server, how, at: clock.now() }, sender);
    // While it looked, a person may have said what it is, or that it shall look anew.
    const isSame = this.#networkNamed(name)?.mode === network.mode && watch.linkSince === began;
    if (isSame) await this.#conclude(network, watch, seen);
  }

  #hasSettled(name: string, watch: Watch): boolean {
    const now = this.#parts.clock.monotonic();
    watch.linkSince = this.#parts.hasLink(name) ? (watch.linkSince ?? now) : undefined;
    return watch.linkSince !== undefined && now - watch.linkSince >= this.#atMost(SETTLE_MS);
  }

  async #conclude(network: Network, watch: Watch, seen: Look): Promise<void> {
    const { name } = network;
    const role = this.roleOf(network);
    const isSeen = seen.kind === 'looked' && seen.offers.some(leases);
    const isChosen = this.#book.wasChosen(name);
    // What is written down and stays is not decided by a REQUEST, which anybody can send, unless nothing else can be had.
    const isThere = isSeen || (seen.kind === 'blind' && isChosen);
    if (role === 'looking') await this.#settle(name, watch, { isThere, seen });
    if (role === 'proxy' && seen.kind === 'looked') await this.#missServer(name, watch, isSeen || isChosen);
  }

  async #settle(name: string, watch: Watch, { isThere, seen }: { isThere: boolean; seen: Look }): Promise<void> {
    const at = this.#parts.clock.now();
    if (isThere || seen.kind === 'looked')
      return this.#book.write(name, concludeRole(this.#book.findings(name), name, isThere, at));
    if (!watch.saidBlind) await this.#book.tell(cannotLook(name, seen.because, at));
    watch.saidBlind = true;
  }

  async #missServer(name: string, watch: Watch, isThere: boolean): Promise<void> {
    const { clock } = this.#parts;
    watch.emptyLooks = isThere ? 0 : watch.emptyLooks + 1;
    if (watch.emptyLooks === 1) watch.nextLookAt = clock.monotonic() + LOOK_AGAIN_MS;
    if (watch.emptyLooks === 2) await this.#book.tell(nobodyLeases(name, clock.now()));
  }
}
