import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../kernel/errors.ts';
import type { Ipv4 } from '../../kernel/ipv4.ts';
import { parseIpv4 } from '../../kernel/ipv4.ts';
import type { MacAddress } from '../../kernel/mac.ts';
import { Cards } from './cards.ts';
import { SimClient } from './client.ts';
import { type ServerMessage, seededRandom } from './dhcp-packet.ts';
import { DhcpWire } from './dhcp-wire.ts';
import { failuresOf, type Loss, stageFigures } from './figures.ts';
import { Journey } from './journey.ts';
import { simKind } from './kinds.ts';
import { simMacs } from './macs.ts';
import type { ClientsOptions, ClientsProgress, ClientsReport, Stage } from './report.ts';

const PROGRESS_MS = 1_000;

/**
 * Switches on simulated machines, lets them boot over real sockets, and says how it went. Needs root, and a network
 * namespace of its own (`Cards`); gives all addresses back in the end.
 * @throws AppError `permission-denied` if it may not use port 68, `lab-failed` if it may not make network cards
 */
export async function runClients(options: ClientsOptions): Promise<ClientsReport> {
  const run = await ClientsRun.open(options);
  try {
    return await run.toEnd();
  } finally {
    await run.close();
  }
}

class ClientsRun {
  readonly #options: ClientsOptions;
  readonly #wire: DhcpWire;
  readonly #cards: Cards;
  readonly #macs: readonly MacAddress[];
  readonly #servers = new Map<Ipv4, { offers: number; boots: boolean }>();
  readonly #journeys: Journey[] = [];
  readonly #onWay = new Set<Journey>();
  readonly #losses: Loss[] = [];
  readonly #told = new Map<string, number>();
  readonly #startedAt = performance.now();
  #through = 0;

  private constructor(options: ClientsOptions, wire: DhcpWire, cards: Cards, macs: readonly MacAddress[]) {
    this.#options = options;
    this.#wire = wire;
    this.#cards = cards;
    this.#macs = macs;
  }

  static async open(options: ClientsOptions): Promise<ClientsRun> {
    const kinds = options.kinds.map(simKind);
    const macs = options.macs?.slice(0, options.count) ?? simMacs(options.count, options.seed, kinds);
    const cards = await Cards.create(options.device, macs);
    const wire = await DhcpWire.open().catch((cause: unknown) => {
      throw new AppError('permission-denied', 'Simulated machines speak DHCP from port 68: start this as root', {
        cause,
      });
    });
    return new ClientsRun(options, wire, cards, macs);
  }

  async toEnd(): Promise<ClientsReport> {
    const { perSecond, onProgress } = this.#options;
    const ticker = onProgress && setInterval(() => onProgress(this.#progress()), PROGRESS_MS);
    const boots = this.#macs.map(async (mac, index) => {
      if (perSecond !== undefined) await this.#pauseUnlessStopped((index * 1_000) / perSecond);
      await this.#bootOne(mac, index);
    });
    await Promise.all(boots);
    clearInterval(ticker);
    onProgress?.(this.#progress());
    return this.#report();
  }

  async close(): Promise<void> {
    this.#wire.close();
    await this.#cards.remove(this.#macs.length);
  }

  async #bootOne(mac: MacAddress, index: number): Promise<void> {
    const { kinds, seed, until, giveUpMs, hurry = 1, site, signal: stopAll } = this.#options;
    const kind = simKind(kinds[index % kinds.length] ?? 'uefi');
    const journey = new Journey();
    const signals = [AbortSignal.timeout(giveUpMs), ...(stopAll ? [stopAll] : [])];
    const signal = AbortSignal.any(signals);
    const pause = (ms: number): Promise<void> => sleep(ms / hurry, undefined, { signal });
    const client = new SimClient({
      ...{ kind, index, goal: until, cards: this.#cards, journey, hurry, signal },
      world: {
        ...{ wire: this.#wire, mac, site, pause, random: seededRandom(seed * 65_536 + index) },
        onOffer: (offer, boots) => this.#hearOffer(offer, boots),
      },
      onTold: (told) => {
        last = told;
      },
    });
    let last: string | undefined;
    this.#journeys.push(journey);
    this.#onWay.add(journey);
    try {
      await client.boot();
      this.#through += 1;
    } catch (error) {
      const tooLong = `not through after ${giveUpMs / 1_000} s${last === undefined ? '' : `, told: ${last}`}`;
      const reason = signal.aborted ? tooLong : reasonOf(error);
      this.#losses.push({ stage: journey.stage, reason: signal.aborted && stopAll?.aborted ? 'stopped' : reason, mac });
    }
    if (last !== undefined) this.#told.set(last, (this.#told.get(last) ?? 0) + 1);
    this.#onWay.delete(journey);
    await client.end();
  }

  async #pauseUnlessStopped(ms: number): Promise<void> {
    const { signal } = this.#options;
    await sleep(ms, undefined, signal && { signal }).catch(() => undefined);
  }

  #hearOffer(offer: ServerMessage, boots: boolean): void {
    const address = parseIpv4([...offer.server].join('.'));
    if (!address) return;
    const known = this.#servers.get(address) ?? { offers: 0, boots: false };
    this.#servers.set(address, { offers: known.offers + 1, boots: known.boots || boots });
  }

  #progress(): ClientsProgress {
    const at: Partial<Record<Stage, number>> = {};
    for (const { stage } of this.#onWay) at[stage] = (at[stage] ?? 0) + 1;
    return { seconds: this.#seconds(), through: this.#through, failed: this.#losses.length, at };
  }

  #report(): ClientsReport {
    const { count, until } = this.#options;
    return {
      ...{ count, until, seconds: this.#seconds(), through: this.#through, told: Object.fromEntries(this.#told) },
      servers: [...this.#servers].map(([address, server]) => ({ address, ...server })),
      stages: stageFigures(this.#journeys),
      failures: failuresOf(this.#losses),
    };
  }

  #seconds(): number {
    return (performance.now() - this.#startedAt) / 1_000;
  }
}

function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const code = (error as NodeJS.ErrnoException).code;
  return code === undefined || message.includes(code) ? message : `${message} (${code})`;
}
