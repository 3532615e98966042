import { type ExecFileException, execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, vi } from 'vitest';
import { askSite, followSite } from '../../../src/adapters/http/control-client.ts';
import { type Capture, startCapture } from '../../../src/lab/capture.ts';
import { type Argv, run, tied, toolEnvironment } from '../../../src/lab/command.ts';
import { isInsideNamespace } from '../../../src/lab/namespace.ts';
import { createBridge, createHost, type Host, type HostOptions } from '../../../src/lab/network.ts';
import { type SiteProcess, type SiteProcessOptions, startSite } from '../../../src/lab/site-process.ts';
import type { Event, EventType } from '../../../src/model/event.ts';
import type { ApplyState } from '../../../src/site/link/policy/apply.ts';
import type { RevisionView } from '../../../src/wire/api/revision.ts';
import type { NodeDetail, SiteStatus } from '../../../src/wire/api/views.ts';
import { keepCaptureOfFailures } from '../../support/capture-of-tests.ts';
import { HUB_LINE, IS_STEERED, NO_DELAY, Steering } from './steering.ts';

/** What these tests start again and again is compiled once. */
process.env['NODE_COMPILE_CACHE'] ??= resolve('test-results/compile-cache');

/** As pino writes it into a log. */
const WARN = 40;
export const LAUNCHER = fileURLToPath(new URL('../../../bin/slipway.js', import.meta.url));

export type Ended = { readonly status: number; readonly out: string; readonly err: string };

/** Runs a command of Slipway as a process of its own to its end, whatever that is; fails if there is none within 30 s. */
export function slipway(args: readonly string[], options: { on?: (argv: Argv) => Argv; env?: object } = {}) {
  const own: Argv = [process.execPath, LAUNCHER, ...args];
  return runToEnd(options.on ? options.on(own) : own, { ...options.env });
}

/** Runs any command to its end, without a complaint about its status. */
export function runToEnd(argv: Argv, env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const [program, ...args] = tied(argv);
  return new Promise((done, reject) => {
    const options = { env: toolEnvironment(env), timeout: 30_000, killSignal: 'SIGKILL' as const, maxBuffer: 1 << 24 };
    execFile(program, args, options, (error: ExecFileException | null, out, err) => {
      if (error?.killed) reject(new Error(`${argv.join(' ')} did not end within 30 s:\n${out}${err}`));
      else done({ status: statusOf(error), out, err });
    });
  });
}

/** 255 for a command that a signal ended, or that could not be started. */
function statusOf(error: ExecFileException | null): number {
  if (!error) return 0;
  return typeof error.code === 'number' ? error.code : 255;
}

/**
 * A bridge with hosts and a real site on it; its files and logs lie below `test-results/wire/NAME`. To be made where
 * tests are declared.
 */
export class SiteLab {
  readonly workDir: string;
  readonly dataDir: string;
  readonly events: Event[] = [];
  readonly bridge: string;
  readonly net: string;
  site: SiteProcess | undefined;
  readonly #steering: Steering | undefined;
  readonly #hosts: Host[] = [];
  #capture: Capture | undefined;

  /** `net` is the first three numbers of its network, the site is its address 1; `bridge` also the device's name. */
  constructor(bridge: string, net: string) {
    if (!isInsideNamespace()) throw new Error('run this with `npm run test:wire`, which makes a network of its own');
    this.bridge = bridge;
    this.net = net;
    this.workDir = resolve('test-results/wire', IS_STEERED ? `${bridge}-steered` : bridge);
    this.dataDir = join(this.workDir, 'data');
    const { dataDir } = this;
    if (IS_STEERED) this.#steering = new Steering({ site: 'wire', template: this.templatePath, dataDir });
    rmSync(this.workDir, { recursive: true, force: true });
    mkdirSync(this.workDir, { recursive: true });
    keepCaptureOfFailures(this.workDir);
  }

  get templatePath(): string {
    return join(this.workDir, 'template.yaml');
  }

  get address(): string {
    return `${this.net}.1`;
  }

  async open(): Promise<void> {
    await createBridge(this.bridge, `${this.address}/24`);
    await this.#steering?.open();
    this.#capture = await startCapture(this.bridge, this.workDir);
  }

  async host(name: string, options: HostOptions = {}): Promise<Host> {
    const made = await createHost(name, this.bridge, options);
    this.#hosts.push(made);
    return made;
  }

  /** Writes a file into the work folder and gives its path. */
  write(name: string, content: string | Uint8Array, mode = 0o644): string {
    const path = join(this.workDir, name);
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, content, { mode });
    return path;
  }

  /** The text of the site file, without `dataDir`. Where all sites are steered, this one has had its template from head office. */
  config(more = ''): string {
    const source = this.#steering ? HUB_LINE : `template: ${this.templatePath}`;
    return `site: wire\ninterfaces: { nodes: ${this.bridge} }\n${source}\n${more}`;
  }

  /** Starts the site, or starts it again on what it left, and waits until it is ready, with the template as it is now. */
  async start(options: Partial<SiteProcessOptions> = {}): Promise<SiteProcess> {
    const isNew = this.#steering?.prepare();
    const args = [...(options.args ?? []), ...(this.#steering ? NO_DELAY : [])];
    const site = await startSite({ workDir: this.workDir, config: this.config(), ...options, args });
    this.site = site;
    if (isNew) await this.untilApplied('confirmed');
    return site;
  }

  /** The revision in force, and the one that head office wants. */
  revision(): Promise<RevisionView> {
    return this.ask('/api/v1/revision');
  }

  /** Waits until what head office wants has come to this state here. */
  async untilApplied(state: ApplyState, number?: number, timeoutMs = 20_000): Promise<void> {
    const look = async () => {
      const { steered } = await this.revision();
      expect(steered?.wanted).toMatchObject({ state, ...(number !== undefined && { number }) });
    };
    await vi.waitFor(look, { timeout: timeoutMs });
  }

  /** What the log complains of, but for a head office that cannot be reached. */
  complaints(): readonly Record<string, unknown>[] {
    const isOfLink = ({ msg }: Record<string, unknown>): boolean =>
      String(msg).startsWith('head office is not reachable');
    return this.log().filter((line) => Number(line['level']) >= WARN && !isOfLink(line));
  }

  /** From now on `events` hears what happens; for the life of the running site. */
  listen(): void {
    const hear = (event: unknown) => this.events.push(event as Event);
    followSite(this.site?.socket ?? '', '/api/v1/events', hear).catch(() => undefined);
  }

  ask<T>(path: string): Promise<T> {
    if (!this.site) throw new Error('no site runs');
    return askSite<T>(this.site.socket, path);
  }

  status(): Promise<SiteStatus> {
    return this.ask('/api/v1/status');
  }

  /** What Prometheus sees, over TCP. */
  async metrics(): Promise<string> {
    return (await fetch(`http://${this.address}/metrics`)).text();
  }

  node(name: string): Promise<NodeDetail> {
    return this.ask(`/api/v1/nodes/${encodeURIComponent(name)}`);
  }

  /** Waits until all files of the template are here. */
  async untilAssetsAreHere(): Promise<void> {
    await vi.waitFor(
      async () => {
        const missing = (await this.status()).assets.filter((asset) => !asset.complete);
        expect(missing).toEqual([]);
      },
      { timeout: 20_000 },
    );
  }

  /** The first event of a type, heard or to come, that matches. */
  untilEvent(type: EventType, matches: (event: Event) => boolean, timeoutMs = 15_000): Promise<Event> {
    return vi.waitFor(
      () => {
        const found = this.events.find((event) => event.type === type && matches(event));
        if (!found)
          throw new Error(`no such ${type} among:\n${this.events.map(({ sentence }) => sentence).join('\n')}`);
        return found;
      },
      { timeout: timeoutMs },
    );
  }

  /** The log since the first start, one object for each line that is one. */
  log(): readonly Record<string, unknown>[] {
    const lines = readFileSync(join(this.workDir, 'site.log'), 'utf8').split('\n');
    return lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  async end(): Promise<void> {
    await this.site?.stop().catch(() => undefined);
    for (const host of this.#hosts) await host.close();
    await this.#capture?.stop();
    // Every file of the tier shares one namespace: the next one makes its own.
    await run(['ip', 'link', 'del', this.bridge]);
    rmSync(join(this.dataDir, 'blobs'), { recursive: true, force: true });
  }
}

export function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}
