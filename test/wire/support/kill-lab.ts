import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, vi } from 'vitest';
import { askSite, tellSite } from '../../../src/adapters/http/control-client.ts';
import type { Argv } from '../../../src/lab/command.ts';
import { startHub } from '../../../src/lab/hub-process.ts';
import { startSite } from '../../../src/lab/site-process.ts';
import type { SlipwayProcess } from '../../../src/lab/slipway-process.ts';
import type { SiteStatus } from '../../../src/wire/api/views.ts';
import { makePki, pem } from '../../support/link-hub.ts';
import { type CallMoment, CallWire } from './call-wire.ts';
import { faultsOf, readHubBook, readSiteBook } from './ledger.ts';
import { slipway } from './site-lab.ts';

const DAY_MS = 86_400_000;

export type Side = 'hub' | 'site' | 'both';
export type KillLabOptions = {
  /** Of its work folder. */
  readonly name: string;
  /** Three ports from here on are its own. */
  readonly port: number;
  readonly site: string;
  /** The network interface that the site serves. */
  readonly device?: string;
  /** Where its page is; missing: as always. */
  readonly httpPort?: number;
  /** More lines of the hub's file. */
  readonly hubConfig?: string;
  /** More of the site's `hub`. */
  readonly siteHub?: string;
  readonly hubArgs?: readonly string[];
};

/** A real head office and a real site, with a wire between them on which each call can be cut. */
export class KillLab {
  readonly dir: string;
  readonly wire: CallWire;
  hub: SlipwayProcess | undefined;
  siteProcess: SlipwayProcess | undefined;
  /** What was killed where, in order. */
  readonly kills: string[] = [];
  /** Wraps the commands of both, such as for another time. */
  on: ((argv: Argv) => Argv) | undefined;
  readonly #options: KillLabOptions;
  #happened = 0;

  constructor(options: KillLabOptions) {
    this.#options = options;
    this.dir = resolve('test-results/wire', options.name);
    this.wire = new CallWire(options.port);
    rmSync(this.dir, { recursive: true, force: true });
    mkdirSync(this.dir, { recursive: true });
  }

  get hubData(): string {
    return join(this.dir, 'hub/data');
  }

  get siteData(): string {
    return join(this.dir, 'site/data');
  }

  async open(): Promise<void> {
    const firm = await makePki('firm');
    writeFileSync(join(this.dir, 'firm.pem'), pem(firm.root));
    const now = Date.now();
    // Some of these tests are in another year.
    const shown = await firm.server({ notBefore: now - DAY_MS, notAfter: now + 1_000 * DAY_MS });
    await this.wire.listen(this.#options.port + 1, shown);
  }

  async startHub(): Promise<void> {
    const { port, hubConfig = '', hubArgs = [] } = this.#options;
    this.hub = await startHub({
      workDir: join(this.dir, 'hub'),
      config: [
        'hub: head-office',
        `link: { url: "https://localhost:${port + 1}", listen: "127.0.0.1:${port}" }`,
        `admin: { listen: "127.0.0.1:${port + 2}" }`,
        hubConfig,
      ].join('\n'),
      args: hubArgs,
      ...(this.on && { on: this.on }),
    });
  }

  /** Begins or goes on with the site; with a code it joins. */
  async startSite(code?: string): Promise<void> {
    const { port, site, device = 'lo', httpPort = 80, siteHub = '' } = this.#options;
    const hub = `url: "https://localhost:${port + 1}", inspectionCa: ${join(this.dir, 'firm.pem')}${siteHub}`;
    this.siteProcess = await startSite({
      workDir: join(this.dir, 'site'),
      config: `site: ${site}\ninterfaces: { nodes: ${device} }\nports: { http: ${httpPort} }\nhub: { ${hub}${code === undefined ? '' : `, code: ${code}`} }`,
      args: ['--fault', 'link-delay=0'],
      ...(this.on && { on: this.on }),
      mayWait: true,
    });
  }

  async invite(): Promise<string> {
    return (await tellSite<{ code: string }>(this.hub?.socket ?? '', '/api/v1/invites', { site: this.#options.site }))
      .code;
  }

  async kill(side: Side, why: string): Promise<void> {
    this.kills.push(`${side}: ${why}`);
    await Promise.all([
      side === 'site' ? undefined : this.hub?.stop('SIGKILL'),
      side === 'hub' ? undefined : this.siteProcess?.stop('SIGKILL'),
    ]);
  }

  async again(side: Side): Promise<void> {
    await Promise.all([side === 'site' ? undefined : this.startHub(), side === 'hub' ? undefined : this.startSite()]);
  }

  /**
   * Kills one side at a moment of a call, `afterMs` behind it; nothing passes any more while it dies. Then looks at what both have on
   * disk, and starts it again.
   */
  async strike(side: Side, moment: CallMoment, afterMs = 0, cause: () => Promise<unknown> = async () => undefined) {
    const died = Promise.withResolvers<void>();
    let isStruck = false;
    this.wire.at = async (passed) => {
      if (passed === moment && !isStruck) {
        isStruck = true;
        await pause(afterMs);
        await this.kill(side, moment);
        died.resolve();
      }
      // What was under way goes down with it.
      if (isStruck) throw new Error('cut');
    };
    // It may die before it has answered.
    const caused = cause().catch(() => undefined);
    await within(died.promise, 20_000, `nothing came to "${moment}"`);
    await caused;
    this.expectKept();
    this.wire.at = async () => undefined;
    await this.again(side);
  }

  /** Each is an event of the site, on its disk when this resolves. */
  async happen(count = 3): Promise<void> {
    for (let i = 0; i < count; i++) {
      this.#happened += 1;
      await tellSite(this.siteProcess?.socket ?? '', '/api/v1/secrets/some/set', { value: `value ${this.#happened}` });
    }
  }

  status(): Promise<SiteStatus> {
    return askSite<SiteStatus>(this.siteProcess?.socket ?? '', '/api/v1/status');
  }

  ask<T>(path: string): Promise<T> {
    return askSite<T>(this.hub?.socket ?? '', `/api/v1/${path}`);
  }

  tell<T>(path: string, body: object): Promise<T> {
    return tellSite<T>(this.hub?.socket ?? '', `/api/v1/${path}`, body);
  }

  /** A command at the socket of head office. */
  command(...args: readonly string[]) {
    return slipway([...args, '--socket', this.hub?.socket ?? '']);
  }

  expectKept(): void {
    expect(faultsOf(readSiteBook(this.siteData), readHubBook(this.hubData, this.#options.site))).toEqual([]);
  }

  /** Waits until head office has all that happened, and counts it: each once. */
  async untilAllIsThere(timeout = 30_000): Promise<void> {
    await vi.waitFor(
      () => {
        const { events, outbox } = readSiteBook(this.siteData);
        expect(outbox?.ackedThrough).toBe(events.at(-1)?.seq);
      },
      { timeout, interval: 100 },
    );
    this.expectKept();
  }

  async end(): Promise<void> {
    await Promise.all([this.siteProcess?.stop('SIGKILL'), this.hub?.stop('SIGKILL'), this.wire.close()]);
  }
}

async function within(work: Promise<void>, ms: number, otherwise: string): Promise<void> {
  const late = new AbortController();
  await Promise.race([
    work,
    pause(ms, undefined, { signal: late.signal }).then(() => {
      throw new Error(otherwise);
    }),
  ]);
  late.abort();
}
