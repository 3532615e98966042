import { Agent } from 'node:http';
import { latin1FromBytes } from '../../kernel/latin1.ts';
import { askBootServer, release } from './boot-server.ts';
import type { Cards } from './cards.ts';
import type { BootPlace } from './choose-offer.ts';
import { type DhcpWorld, discover, type Lease, request } from './dora.ts';
import { askByHttp, type ClientAsk, type HttpAnswer } from './http-fetch.ts';
import { type Journey, JourneyEnd, type Stopwatch } from './journey.ts';
import { GRUB_TFTP, IPXE_OPTIONS, IPXE_TFTP, IPXE_WAITS, OS_OPTIONS, OS_WAITS, type SimKind } from './kinds.ts';
import type { Goal, Stage } from './report.ts';
import { runGrub } from './run-grub.ts';
import { type LoaderRun, type Running, runLoader } from './run-loader.ts';
import { startSystem } from './system.ts';
import { fetchByTftp, TftpRefusal } from './tftp-fetch.ts';

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
/** Firmware that refused a loader goes through the rest of its boot order, and somebody switches it on again. */
const REFUSED_MS = 10_000;
const MOST_REFUSED = 3;
/** What shim looks for beside itself before it fetches GRUB. */
const SHIM_ASKS = ['revocations_sku.efi', 'revocations_sbat.efi', 'shim_certificate_0.efi'] as const;
/** RFC 1350, error codes. */
const NOT_FOUND = 1;

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
    for (let refused = 0; (await this.#bootOnce()) === 'refused'; refused += 1) {
      if (refused === MOST_REFUSED) throw new JourneyEnd('Secure Boot: it is given no loader that its firmware starts');
      await this.#parts.world.pause(REFUSED_MS);
    }
  }

  async #bootOnce(): Promise<'done' | 'refused'> {
    const { kind, goal, journey } = this.#parts;
    const chosen = await journey.at('offer', (watch) => discover(kind, this.#parts.world, watch).then(ending(watch)));
    const lease = await journey.at('address', (watch) => request(kind, chosen, this.#parts.world, watch));
    await this.#take(lease);
    if (goal === 'address' || kind.takes === 'nothing') return 'done';
    const place = await this.#settle(kind, lease, 'boot server');
    if (kind.takes === 'script') await this.#runScripts(place);
    else {
      await journey.at('loader', (watch) => this.#fetchLoader(place, watch));
      if (isRefused(kind, place)) return 'refused';
      await this.#startLoader(place, lease);
    }
    return 'done';
  }

  /** Gives its address back and closes what it has open. */
  async end(): Promise<void> {
    if (this.#lease) await release(this.#lease, this.#parts.world).catch(() => undefined);
    this.#agent?.destroy();
  }

  /** What its loader does; of some kinds nothing is simulated. */
  async #startLoader(place: BootPlace, { address }: Lease): Promise<void> {
    const { next } = this.#parts.kind;
    if (next.kind === 'ipxe') return this.#startIpxe();
    if (next.kind !== 'grub') return;
    if (place.kind !== 'tftp') throw new JourneyEnd('GRUB came by HTTP, and fetches its script by TFTP alone');
    const { server } = place;
    const { journey } = this.#parts;
    const tftp = (file: string, watch: Stopwatch) => this.#fetchIfThere({ kind: 'tftp', server, file }, watch);
    if (next.signed) await journey.at('loader', (watch) => this.#shim(place, watch));
    const run = this.#scriptRun();
    await this.#startSystem(await runGrub({ cpu: next.cpu, server, address, tftp }, run), run.client);
  }

  /** shim looks for lists of what is revoked and for a certificate, then fetches GRUB from where it came from itself. */
  async #shim({ server, file }: Extract<BootPlace, { kind: 'tftp' }>, watch: Stopwatch): Promise<void> {
    const folder = file.replace(/[^/]*$/, '');
    // It has the firmware fetch for it, and asks for no size before.
    const habit = { ...this.#parts.kind.tftp, probe: false };
    for (const name of SHIM_ASKS) await this.#fetchIfThere({ kind: 'tftp', server, file: folder + name }, watch, habit);
    const second = file.replace(/shim([^/]*)$/, 'grub$1');
    const grub = await this.#fetchIfThere({ kind: 'tftp', server, file: second }, watch, habit);
    if (!grub) throw new JourneyEnd(`shim does not get ${second}`);
    watch.bytes += grub.length;
  }

  async #fetchIfThere(
    place: Extract<BootPlace, { kind: 'tftp' }>,
    watch: Stopwatch,
    habit = GRUB_TFTP,
  ): Promise<Uint8Array | undefined> {
    return this.tftp(place, watch, habit).catch((error: unknown) => {
      if (error instanceof TftpRefusal && error.code === NOT_FOUND) return undefined;
      throw error;
    });
  }

  /** iPXE asks for an address and its script. */
  async #startIpxe(): Promise<void> {
    const { kind } = this.#parts;
    const ipxe: SimKind = {
      ...kind,
      ...{ options: IPXE_OPTIONS, discoverWaits: IPXE_WAITS, takes: 'script', tftp: IPXE_TFTP },
      // iPXE says PXEClient, whatever fetched it.
      vendorClass: `PXEClient:Arch:${String(kind.arch ?? 0).padStart(5, '0')}:UNDI:003016`,
    };
    const lease = await this.#anew(ipxe, 'loader address');
    await this.#runScripts(await this.#settle(ipxe, lease, 'loader address'));
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
    const { journey } = this.#parts;
    const entry = await journey.at('entry script', async (watch) => {
      if (place.kind === 'tftp') return latin1FromBytes(await this.tftp(place, watch));
      if (place.kind !== 'http') throw new JourneyEnd('it has no place for its script');
      const { status, text } = await this.http({ url: place.url, keep: true }, watch);
      if (status !== 200) throw new JourneyEnd(`HTTP: ${status} for ${place.url}`);
      return text;
    });
    const run = this.#scriptRun();
    await this.#startSystem(await runLoader(entry, run), run.client);
  }

  #scriptRun(): LoaderRun {
    const { journey, goal, kind, hurry, signal, onTold, world } = this.#parts;
    const client = { mac: world.mac, kind, http: (ask: ClientAsk, watch: Stopwatch) => this.http(ask, watch) };
    return { client, journey, goal, hurry, signal, onTold, pause: world.pause };
  }

  async #startSystem(cmdline: string | undefined, client: Running): Promise<void> {
    const { journey, goal, kind } = this.#parts;
    if (goal !== 'enrolled' || cmdline === undefined) return;
    const os: SimKind = { ...kind, options: OS_OPTIONS, discoverWaits: OS_WAITS, takes: 'nothing', gathersMs: 0 };
    const { vendorClass: _, arch: __, ...plain } = os;
    await this.#anew({ ...plain, uuid: false }, 'system address');
    await startSystem(cmdline, client, journey);
  }

  tftp(
    { server, file }: Extract<BootPlace, { kind: 'tftp' }>,
    watch: Stopwatch,
    habit = this.#parts.kind.tftp,
  ): Promise<Uint8Array> {
    const { hurry, signal } = this.#parts;
    const local = this.#lease?.address ?? '';
    const onRepeat = (): void => {
      watch.repeats += 1;
    };
    return fetchByTftp({
      ...{ local, server, file, habit, hurry, signal, onRepeat },
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

/** Of what the site has, the keys of Microsoft signed shim alone. */
function isRefused({ next }: SimKind, place: BootPlace): boolean {
  const file = place.kind === 'tftp' ? place.file : place.kind === 'http' ? place.url : '';
  return next.kind === 'grub' && next.signed === true && !/(^|\/)shim[^/]*$/.test(file);
}

/** Whoever gathers offers waits by itself: that is not the site's time. */
function ending(watch: Stopwatch): <T>(value: T) => T {
  return (value) => {
    watch.stopAtAnswer();
    return value;
  };
}
