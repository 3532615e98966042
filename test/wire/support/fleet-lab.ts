import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import { askSite, tellSite } from '../../../src/adapters/http/control-client.ts';
import { runProgram } from '../../../src/cli/program.ts';
import { run } from '../../../src/lab/command.ts';
import { startHub } from '../../../src/lab/hub-process.ts';
import { createBridge, createHost, type Host } from '../../../src/lab/network.ts';
import { startSite } from '../../../src/lab/site-process.ts';
import type { SlipwayProcess } from '../../../src/lab/slipway-process.ts';
import type { PublicationAct, PublicationSiteView, PublicationView } from '../../../src/wire/api/fleet-views.ts';
import type { RevisionView } from '../../../src/wire/api/revision.ts';

const PORT = 8443;
export type Said = { readonly status: number; readonly out: string };

/** Runs a command of Slipway in this process, as a person would. */
export async function command(...args: readonly string[]): Promise<Said> {
  let out = '';
  const write = (text: string): void => {
    out += text;
  };
  return { status: await runProgram(['node', 'slipway', ...args], { write, writeError: write }), out };
}

/** A real head office on a host of its own, behind a WAN that can be cut, with a fleet directory and its release key. */
export class FleetLab {
  readonly wan: string;
  readonly net: string;
  readonly url: string;
  readonly workDir: string;
  #hub: SlipwayProcess | undefined;
  #host: Host | undefined;

  /** `net` is the first three numbers of the WAN; head office is its address 1. */
  constructor(wan: string, net: string, workDir: string) {
    this.wan = wan;
    this.net = net;
    this.workDir = join(workDir, 'fleet');
    this.url = `https://${net}.1:${PORT}`;
  }

  async open(files: Readonly<Record<string, string>>): Promise<void> {
    await createBridge(this.wan, `${this.net}.254/24`);
    this.#host = await createHost('hub', this.wan, { address: `${this.net}.1/24`, mac: HUB_MAC });
    mkdirSync(this.#dir, { recursive: true });
    this.write(files);
    const place = ['--key', this.#key, '--set', this.#keySet, '--comment', 'Ada'];
    const made = await command('template', 'keys', 'new', ...place);
    expect(made.status, made.out).toBe(0);
    await this.start();
  }

  /** Files of the fleet directory. */
  write(files: Readonly<Record<string, string>>): void {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(join(this.#dir, name, '..'), { recursive: true });
      writeFileSync(join(this.#dir, name), text);
    }
  }

  async start(): Promise<void> {
    const host = this.#host;
    if (!host) throw new Error('open it first');
    this.#hub = await startHub({
      workDir: join(this.workDir, 'hub'),
      config: `hub: head-office
link: { url: "${this.url}" }
releaseKeys: ["${this.#keySet}"]`,
      on: (argv) => host.argv(...argv),
    });
  }

  async kill(): Promise<void> {
    await this.#hub?.stop('SIGKILL');
  }

  /** From now on what is sent to head office vanishes; nobody says so. */
  async cut(): Promise<void> {
    await run(['ip', 'neighbour', 'replace', `${this.net}.1`, 'lladdr', HUB_MAC, 'nud', 'permanent', 'dev', this.wan]);
    await run(['ip', 'link', 'set', 'h-hub', 'nomaster']);
  }

  async heal(): Promise<void> {
    await run(['ip', 'link', 'set', 'h-hub', 'master', this.wan]);
  }

  get socket(): string {
    return this.#hub?.socket ?? '';
  }

  async invite(site: string): Promise<string> {
    return (await tellSite<{ code: string }>(this.socket, '/api/v1/invites', { site })).code;
  }

  /** `slipway hub …` */
  say(...args: readonly string[]): Promise<Said> {
    return command('hub', ...args, '--socket', this.socket);
  }

  /** Brings the directory to head office as it is now. */
  async push(): Promise<void> {
    const place = ['--dir', this.#dir, '--key', this.#key, '--socket', this.socket];
    const { status, out } = await command('template', 'push', ...place);
    expect(status, out).toBe(0);
  }

  /** The push that came last, to its sites; the name of the publication. */
  async publish(...rules: readonly string[]): Promise<string> {
    const { status, out } = await this.say('publish', '--json', ...rules);
    expect(status, out).toBe(0);
    return (JSON.parse(out) as PublicationView).id;
  }

  async act(act: PublicationAct, id: string): Promise<void> {
    const { status, out } = await this.say('publish', act, id, '--because', 'a test wants it');
    expect(status, out).toBe(0);
  }

  publication(id: string): Promise<PublicationView> {
    return this.ask(`publications/${id}`);
  }

  async untilState(id: string, state: PublicationView['state'], timeoutMs = 30_000): Promise<void> {
    const look = async () => {
      const { state: now, because } = await this.publication(id);
      expect(now, because).toBe(state);
    };
    await vi.waitFor(look, { timeout: timeoutMs, interval: 100 });
  }

  /** `store-2 confirmed 3`, for each site of a publication. */
  async rows(id: string): Promise<readonly string[]> {
    const { rows } = await this.ask<{ rows: readonly PublicationSiteView[] }>(`publications/${id}/sites`);
    return rows.map(({ site, state, number }) => `${site} ${state} ${number}`).sort();
  }

  async untilRows(id: string, ...rows: readonly string[]): Promise<void> {
    await vi.waitFor(async () => expect(await this.rows(id)).toEqual(rows), { timeout: 30_000, interval: 100 });
  }

  ask<T>(path: string): Promise<T> {
    return askSite<T>(this.socket, `/api/v1/${path}`);
  }

  async end(): Promise<void> {
    await this.kill();
    await this.#host?.close();
    await run(['ip', 'link', 'del', this.wan]);
    rmSync(join(this.workDir, 'hub/data'), { recursive: true, force: true });
  }

  get #dir(): string {
    return join(this.workDir, 'directory');
  }
  get #key(): string {
    return join(this.workDir, 'release.pem');
  }
  get #keySet(): string {
    return join(this.#dir, 'release-keys.json');
  }
}

const HUB_MAC = '52:54:00:be:00:01';

/** A store without a machine: a real site on a host of its own, at the WAN alone. */
export class QuietStore {
  readonly name: string;
  readonly #fleet: FleetLab;
  readonly #number: number;
  #host: Host | undefined;
  #site: SlipwayProcess | undefined;

  constructor(fleet: FleetLab, name: string, number: number) {
    this.name = name;
    this.#fleet = fleet;
    this.#number = number;
  }

  /** The code is needed once. */
  async start(code?: string): Promise<void> {
    const { wan, net, url, workDir } = this.#fleet;
    const host = this.#host ?? (await createHost(this.name, wan, { address: `${net}.${this.#number}/24` }));
    this.#host = host;
    const named = code === undefined ? '' : `, code: ${code}`;
    this.#site = await startSite({
      workDir: join(workDir, this.name),
      config: `site: ${this.name}\ninterfaces: { nodes: eth0 }\nhub: { url: "${url}", trial: 500ms${named} }`,
      args: ['--fault', 'link-delay=0'],
      on: (argv) => host.argv(...argv),
      mayWait: true,
    });
  }

  stop(): Promise<void> | undefined {
    return this.#site?.stop();
  }

  revision(): Promise<RevisionView> {
    return askSite(this.#site?.socket ?? '', '/api/v1/revision');
  }

  get socket(): string {
    return this.#site?.socket ?? '';
  }

  /** `slipway …` on this box. */
  say(...args: readonly string[]): Promise<Said> {
    return command(...args, '--socket', this.#site?.socket ?? '');
  }

  async end(): Promise<void> {
    await this.#site?.stop('SIGKILL').catch(() => undefined);
    await this.#host?.close();
  }
}
