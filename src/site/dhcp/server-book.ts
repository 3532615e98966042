import { AppError } from '../../kernel/errors.ts';
import type { Ipv4 } from '../../kernel/ipv4.ts';
import { LIMITED_BROADCAST, UNSPECIFIED } from '../../kernel/ipv4.ts';
import { LogBudget } from '../../kernel/log-budget.ts';
import type { MacAddress } from '../../kernel/mac.ts';
import type { Clock, Log } from '../../kernel/ports.ts';
import type { UdpPort } from '../../kernel/udp.ts';
import type { DhcpRole, Findings, Sighting } from '../../model/dhcp-role.ts';
import type { NewEvent } from '../../model/event.ts';
import type { Network } from '../../model/network.ts';
import type { NeighbourTable, SiteAddress } from '../../model/site-ports.ts';
import type { Store } from '../../model/store.ts';
import { askNeighbour } from './ask-neighbour.ts';
import type { Noted, Sight } from './policy/findings.ts';
import { forgetOld, isAllowed, leases, MOST_SERVERS, NOTHING_FOUND, noteServer } from './policy/findings.ts';

export type ServerBookParts = {
  readonly udp: UdpPort;
  readonly clock: Clock;
  readonly log: Log;
  readonly store: Store;
  readonly addresses: () => readonly SiteAddress[];
  readonly neighbours: NeighbourTable;
  /** Who made the card, if that is known. */
  readonly makerOf: (mac: MacAddress) => Promise<string | undefined>;
  readonly roleOf: (network: Network) => DhcpRole;
};

/** A server that was not seen for so long is gone. */
const GONE_MS = 60 * 60_000;
/** A server that leases only to machines that it knows is seen only when one of them boots. */
const SELDOM_MS = 24 * 60 * 60_000;
const RECHECK_MS = 5 * 60_000;
/** Strangers make up as many servers as they like. */
const EXAMINED_AT_ONCE = 4;
const TOLD_PER_HOUR = 10;

/** What is known of one network, ahead of the disk. Times are monotonic. */
type Page = { findings: Findings; readonly seenAt: Map<Ipv4, number>; heardAt: number | undefined };

/** The servers that were seen in each network: looked up, written down, told of. */
export class ServerBook {
  readonly #parts: ServerBookParts;
  readonly #pages = new Map<string, Page>();
  readonly #examined = new Map<string, Promise<void>>();
  readonly #budget: LogBudget;

  constructor(parts: ServerBookParts) {
    this.#parts = parts;
    this.#budget = new LogBudget(parts.clock, TOLD_PER_HOUR, GONE_MS);
  }

  findings(network: string): Findings {
    return this.#page(network).findings;
  }

  /** Resolves when nothing is looked up any more. */
  async idle(): Promise<void> {
    await Promise.all(this.#examined.values());
  }

  /**
   * A client's REQUEST named a server. Cheap: one comes with each boot beside another server. Answers whether a server
   * that is new, or was not seen for long, is worth a look: what a REQUEST names may be made up.
   */
  heard(network: Network, { server, at }: Sighting): boolean {
    if (this.#isNobody(server)) return false;
    const page = this.#page(network.name);
    const known = page.findings.servers.find(({ address }) => address === server);
    if (!known && page.findings.servers.length >= MOST_SERVERS) return false;
    page.heardAt = this.#parts.clock.monotonic();
    if (known?.how === 'request') page.seenAt.set(server, page.heardAt);
    const key = `${network.name} ${server}`;
    if (this.#examined.has(key) || this.#examined.size >= EXAMINED_AT_ONCE) return false;
    if (known?.mac !== undefined && Math.abs(at - known.lastAt) < RECHECK_MS) return false;
    const done = this.examine(network, { address: server, how: 'request', at }, server)
      .catch((thrown: unknown) => this.#complain(thrown))
      .finally(() => this.#examined.delete(key));
    this.#examined.set(key, done);
    return true;
  }

  /** Notes a server with the MAC of `sender`, which is the server or the relay before it. Rejects with an AppError of the store. */
  async examine(network: Network, sight: Sight, sender: Ipv4): Promise<void> {
    if (this.#isNobody(sight.address)) return;
    const mac = await this.#macOf(network.name, sender);
    const maker = mac && (await this.#parts.makerOf(mac));
    const page = this.#page(network.name);
    const note = (mayTell: boolean): Noted =>
      noteServer(page.findings, { ...sight, mac, maker }, { network, role: this.#parts.roleOf(network), mayTell });
    const noted = note(true);
    const isTooMuch = noted.events.length > 0 && !this.#budget.spend(network.name);
    // Who was seen to offer is there as long as it does: a REQUEST that names it, anybody can send.
    const isSeen = noted.findings.servers.some(({ address, how }) => address === sight.address && how === sight.how);
    if (isSeen) page.seenAt.set(sight.address, this.#parts.clock.monotonic());
    await this.write(network.name, isTooMuch ? note(false) : noted);
  }

  /**
   * Whether there is a server that gives out addresses, and that nobody allowed. Only one that has offered something to the
   * site counts, unless the site is blind: with one made-up REQUEST an hour anybody could have all strangers refused.
   */
  hasRival(network: Network, isBlind: boolean): boolean {
    const page = this.#page(network.name);
    if (page.findings.servers.length === 0) return false;
    return page.findings.servers.some(
      (server) =>
        (server.how === 'offer' || (isBlind && leases(server))) &&
        !isAllowed(server, network) &&
        this.#wasSeen(page, server.address, GONE_MS),
    );
  }

  /** Whether machines were seen to choose a server: just now, or one that answers no stranger such as us. */
  wasChosen(network: string): boolean {
    const page = this.#page(network);
    const { heardAt } = page;
    if (heardAt !== undefined && this.#parts.clock.monotonic() - heardAt < RECHECK_MS * 2) return true;
    return page.findings.servers.some(
      ({ how, address }) => how === 'request' && this.#wasSeen(page, address, SELDOM_MS),
    );
  }

  /** Drops what is too old. Rejects with an AppError of the store. */
  async tidy(network: Network): Promise<void> {
    const noted = forgetOld(this.findings(network.name), network, this.#parts.clock.now());
    if (noted) await this.write(network.name, noted);
  }

  /** Rejects with an AppError of the store; nothing is noted then. */
  async write(network: string, { findings, events, isNews }: Noted): Promise<void> {
    const page = this.#page(network);
    const before = page.findings;
    page.findings = findings;
    for (const event of events) this.#parts.log.warn({ network, type: event.type }, event.sentence);
    if (!isNews) return;
    try {
      await this.#parts.store.commit([{ table: 'surroundings', key: network, row: findings }], events);
    } catch (error) {
      if (page.findings === findings) page.findings = before;
      throw error;
    }
  }

  /** An event of no server. Rejects with an AppError of the store. */
  async tell(event: NewEvent): Promise<void> {
    this.#parts.log.warn({ type: event.type }, event.sentence);
    await this.#parts.store.commit([], [event]);
  }

  #page(network: string): Page {
    const known = this.#pages.get(network);
    if (known) return known;
    const { store, clock } = this.#parts;
    const findings = store.state.surroundings.get(network) ?? NOTHING_FOUND;
    // Who was there before a restart is there until it is missed.
    const seenAt = new Map(findings.servers.map(({ address }) => [address, clock.monotonic()] as const));
    const page: Page = { findings, seenAt, heardAt: undefined };
    this.#pages.set(network, page);
    return page;
  }

  #wasSeen(page: Page, address: Ipv4, withinMs: number): boolean {
    const at = page.seenAt.get(address);
    return at !== undefined && this.#parts.clock.monotonic() - at < withinMs;
  }

  #isNobody(address: Ipv4): boolean {
    if (address === UNSPECIFIED || address === LIMITED_BROADCAST) return true;
    return this.#parts.addresses().some((site) => site.address === address);
  }

  async #macOf(network: string, address: Ipv4): Promise<MacAddress | undefined> {
    const { addresses, log } = this.#parts;
    const from = addresses().find((one) => one.network === network)?.address;
    if (from === undefined) return undefined;
    return askNeighbour({ ...this.#parts, from }, address).catch((thrown: unknown) => {
      log.debug({ error: AppError.from(thrown).message, address }, 'the MAC of a DHCP server is not known');
      return undefined;
    });
  }

  #complain(thrown: unknown): void {
    const error = AppError.from(thrown);
    this.#parts.log.error({ code: error.code, error: error.message }, 'a DHCP server could not be noted');
  }
}
