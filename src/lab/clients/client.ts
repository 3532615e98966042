import { Agent } from 'node:http';
import { latin1FromBytes } from '../../kernel/latin1.ts';
import { askBootServer, release } from './boot-server.ts';
import type { Cards } from './cards.ts';
import type { BootPlace } from './choose-offer.ts';
import { type DhcpWorld, discover, type Lease, request } from './dora.ts';
import { askByHttp, type ClientAsk, type HttpAnswer } from './http-fetch.ts';
import { type Journey, JourneyEnd, type Stopwatch } from './journey.ts';
import { IPXE_OPTIONS, IPXE_TFTP, IPXE_WAITS, OS_OPTIONS, OS_WAITS, type SimKind } from './kinds.ts';
import type { Goal, Stage } from './report.ts';
import { runLoader } from './run-loader.ts';
import { startSystem } from './system.ts';
import { fetchByTftp } from './tftp-fetch.ts';

export type ClientParts = {
  readonly kind: SimKind;
  readonly index: number;
  readonly goal: Goal;
  readonly cards: Cards;
  readonly world: DhcpWorld;
  readonly journey: Journey;
  readonly hurry: number;
  readonly signal: AbortSignal;
  /** Is told what its script tells the machine: `live`, `hold` … */
  readonly onTold: (told: string) => void;
};

const HTTP_STALL_MS = 30_000;

/** One simulated machine, from its switch to its goal. */
export class SimClient {
  readonly #parts: ClientParts;
  #agent: Agent | undefined;
  #lease: Lease | undefined;

  constructor(parts: ClientParts) {
    this.#parts = parts;
  }

  get kind(): SimKind {
    return this.#parts.kind;
  }

  get mac(): string {
    return this.#parts.world.mac;
  }

  /** @throws JourneyEnd, or the failure of whatever it tried last, if it does not reach its goal */
  async boot(): Promise<void> {
    const { kind, goal, journey } = this.#parts;
    const chosen = await journey.at('offer', (watch) => discover(kind, this.#parts.world, watch).then(ending(watch)));
    const lease = await journey.at('address', (watch) => request(kind, chosen, this.#parts.world, watch));
    await this.#take(lease);
    if (goal === 'address' || kind.takes === 'nothing') return;
    const place = await this.#settle(kind, lease, 'boot server');
    const script = kind.takes === 'script' ? place : await this.#load(place);
    if (script) await this.#runScripts(script);
  }

  /** Gives its address back and closes what it has open. */
  async end(): Promise<void> {
    if (this.#lease) await release(this.#lease, this.#parts.world).catch(() => undefined);
    this.#agent?.destroy();
  }

  /** A loader comes, and asks for an address and its script; undefined: the loader is as far as this kind is simulated. */
  async #load(place: BootPlace): Promise<BootPlace | undefined> {
    const { kind, journey } = this.#parts;
    await journey.at('loader', (watch) => this.#fetchLoader(place, watch));
    if (kind.next.kind !== 'ipxe') return undefined;
    const ipxe: SimKind = {
      ...kind,
      ...{ options: IPXE_OPTIONS, discoverWaits: IPXE_WAITS, takes: 'script', tftp: IPXE_TFTP },
      // iPXE says PXEClient, whatever fetched it.
      vendorClass: `PXEClient:Arch:${String(kind.arch ?? 0).padStart(5, '0')}:UNDI:003016`,
    };
    const lease = await this.#anew(ipxe, 'loader address');
    return this.#settle(ipxe, lease, 'loader address');
  }

  async #fetchLoader(place: BootPlace, watch: Stopwatch): Promise<void> {
    if (place.kind === 'tftp') {
      const bytes = await this.tftp(place, watch);
      watch.bytes += bytes.length;
    }
    if (place.kind !== 'http') return;
    const head = await this.http({ url: place.url, method: 'HEAD' }, watch);
    if (head.status !== 200 || head.announcedBytes === undefined)
      throw new JourneyEnd(
        `HTTP boot: HEAD was answered ${head.status}, with${head.announcedBytes ? '' : 'out'} a length`,
      );
    const got = await this.http({ url: place.url }, watch);
    if (got.status !== 200 || got.bytes !== head.announcedBytes)
      throw new JourneyEnd(
        `HTTP boot: GET was answered ${got.status} with ${got.bytes} of ${head.announcedBytes} bytes`,
      );
    watch.bytes += got.bytes;
  }

  /** Another program on the same card asks for an address. */
  async #anew(kind: SimKind, stage: Stage): Promise<Lease> {
    const { journey, world } = this.#parts;
    const lease = await journey.at(stage, async (watch) => {
      const chosen = await discover(kind, world, watch).then(ending(watch));
      return { chosen };
    });
    const bound = await journey.at(stage, (watch) => request(kind, lease.chosen, world, watch));
    await this.#take(bound);
    return bound;
  }

  async #take(lease: Lease): Promise<void> {
    const { cards, index } = this.#parts;
    await cards.give(index, lease.address, lease.prefix, lease.router);
    if (lease.address !== this.#lease?.address) {
      this.#agent?.destroy();
      this.#agent = new Agent({ keepAlive: true, maxSockets: 2, localAddress: lease.address });
    }
    this.#lease = lease;
  }

  async #settle(kind: SimKind, lease: Lease, stage: Stage): Promise<BootPlace> {
    const { place } = lease;
    if (!place) throw new JourneyEnd('DHCP: an address, and nothing to boot');
    if (place.kind !== 'ask') return place;
    const asked = { server: place.server, lease };
    return this.#parts.journey.at(stage, (watch) => askBootServer(kind, asked, this.#parts.world, watch));
  }

  async #runScripts(place: BootPlace): Promise<void> {
    const { journey, goal, kind } = this.#parts;
    const entry = await journey.at('entry script', async (watch) => {
      if (place.kind === 'tftp') return latin1FromBytes(await this.tftp(place, watch));
      if (place.kind !== 'http') throw new JourneyEnd('it has no place for its script');
      const { status, text } = await this.http({ url: place.url, keep: true }, watch);
      if (status !== 200) throw new JourneyEnd(`HTTP: ${status} for ${place.url}`);
      return text;
    });
    const { hurry, signal, onTold, world } = this.#parts;
    const client = { mac: world.mac, kind, http: (ask: ClientAsk, watch: Stopwatch) => this.http(ask, watch) };
    const cmdline = await runLoader(entry, { client, journey, goal, hurry, signal, onTold, pause: world.pause });
    if (goal !== 'enrolled' || cmdline === undefined) return;
    const os: SimKind = { ...kind, options: OS_OPTIONS, discoverWaits: OS_WAITS, takes: 'nothing', gathersMs: 0 };
    const { vendorClass: _, arch: __, ...plain } = os;
    await this.#anew({ ...plain, uuid: false }, 'system address');
    await startSystem(cmdline, client, journey);
  }

  tftp({ server, file }: Extract<BootPlace, { kind: 'tftp' }>, watch: Stopwatch): Promise<Uint8Array> {
    const { kind, hurry, signal } = this.#parts;
    const local = this.#lease?.address ?? '';
    const onRepeat = (): void => {
      watch.repeats += 1;
    };
    return fetchByTftp({
      ...{ local, server, file, habit: kind.tftp, hurry, signal, onRepeat },
      onAnswer: () => watch.answer(),
    });
  }

  async http(ask: ClientAsk, watch: Stopwatch): Promise<HttpAnswer> {
    if (!this.#agent) throw new JourneyEnd('it has no address');
    const { signal } = this.#parts;
    return askByHttp({
      ...{ stallMs: HTTP_STALL_MS, ...ask, agent: this.#agent, signal },
      onAnswer: () => watch.answer(),
    });
  }
}

/** Whoever gathers offers waits by itself: that is not the site's time. */
function ending(watch: Stopwatch): <T>(value: T) => T {
  return (value) => {
    watch.stopAtAnswer();
    return value;
  };
}
