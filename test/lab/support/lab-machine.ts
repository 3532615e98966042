import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { followSite } from '../../../src/adapters/http/control-client.ts';
import { type MacAddress, parseMac } from '../../../src/kernel/mac.ts';
import { run } from '../../../src/lab/command.ts';
import type { FirmwareName } from '../../../src/lab/firmware.ts';
import { createBridge, createTap } from '../../../src/lab/network.ts';
import { type Machine, startMachine } from '../../../src/lab/qemu.ts';
import { type SiteProcess, startSite } from '../../../src/lab/site-process.ts';
import type { Event } from '../../../src/model/event.ts';

export const TEST_MAC = parseMac('52:54:00:5b:00:02') as MacAddress;

const identity = {
  mac: TEST_MAC,
  uuid: '5b5b5b5b-0002-4000-8000-525400000002',
  serial: 'LAB-0002',
  manufacturer: 'Slipway Lab',
  product: 'Virtual Node',
};

/** One machine and one site on a bridge; all of it, with the logs, below `test-results/lab/NAME`. */
export class LabRun {
  readonly workDir: string;
  readonly events: Event[] = [];
  site!: SiteProcess;
  machine: Machine | undefined;
  readonly #links: string[] = [];
  readonly #waiting: { readonly matches: (event: Event) => boolean; readonly resolve: (event: Event) => void }[] = [];

  constructor(name: string) {
    this.workDir = resolve('test-results/lab', name);
    rmSync(this.workDir, { recursive: true, force: true });
    mkdirSync(this.workDir, { recursive: true });
  }

  /** Starts the site, or starts it again on the data that it left. */
  async startSite(config: string): Promise<void> {
    if (!this.#links.includes('br0')) await createBridge(this.#added('br0'), '10.77.0.1/24');
    this.site = await startSite({ workDir: this.workDir, config });
    followSite(this.site.socket, '/api/v1/events', (value) => this.#hear(value as Event)).catch(() => undefined);
  }

  /** What a person types at the appliance; its output. */
  slipway(...args: string[]): Promise<string> {
    return run([process.execPath, 'bin/slipway.js', ...args, '--socket', this.site.socket]);
  }

  /** The machine is what it was before: its disk and its firmware's settings are kept from one time to the next. */
  async switchOn(firmware: FirmwareName, memoryMb: number): Promise<Machine> {
    const tap = this.#added(`tap${this.#links.length}`);
    await createTap(tap, 'br0');
    this.machine = await startMachine({ ...identity, firmware, memoryMb, tap, workDir: this.workDir });
    return this.machine;
  }

  /** The first event, past or to come, that matches. Fails when the machine is off or the time is over. */
  async waitForEvent(what: string, matches: (event: Event) => boolean, timeoutMs: number): Promise<Event> {
    const past = this.events.find(matches);
    if (past) return past;
    const found = new Promise<Event>((resolveEvent) => this.#waiting.push({ matches, resolve: resolveEvent }));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Error(`no event "${what}" within ${timeoutMs} ms; seen:\n${this.sentences()}`)),
        timeoutMs,
      );
    });
    return Promise.race([found, late]).finally(() => clearTimeout(timer));
  }

  /** How many scripts went out that start an installer. */
  installsServed(): number {
    return this.log().split('boot script: install').length - 1;
  }

  sentences(): string {
    return this.events.map((event) => `${event.type}: ${event.sentence}`).join('\n');
  }

  log(): string {
    return readFileSync(join(this.workDir, 'site.log'), 'utf8');
  }

  async end(): Promise<void> {
    await this.machine?.stop();
    await this.site?.stop();
    // Every file of a tier shares one namespace: the next one makes its own.
    for (const link of this.#links.reverse()) await run(['ip', 'link', 'delete', link]);
    rmSync(join(this.workDir, 'disk.raw'), { force: true });
  }

  #added(link: string): string {
    this.#links.push(link);
    return link;
  }

  #hear(event: Event): void {
    this.events.push(event);
    for (const wait of this.#waiting) if (wait.matches(event)) wait.resolve(event);
  }
}
