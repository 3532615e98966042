import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { copyFile, mkdir, open } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { followSite } from '../../../src/adapters/http/control-client.ts';
import { type MacAddress, parseMac } from '../../../src/kernel/mac.ts';
import { type Capture, startCapture } from '../../../src/lab/capture.ts';
import { run } from '../../../src/lab/command.ts';
import type { FirmwareName } from '../../../src/lab/firmware.ts';
import { createBridge, createSwitch, createTap } from '../../../src/lab/network.ts';
import { type Machine, startMachine } from '../../../src/lab/qemu.ts';
import type { MachineIdentity } from '../../../src/lab/qemu-argv.ts';
import { type SiteProcess, type SiteProcessOptions, startSite } from '../../../src/lab/site-process.ts';
import type { Event, EventType } from '../../../src/model/event.ts';
import { keepCaptureOfFailures } from '../../support/capture-of-tests.ts';

/** Where the lab's installer counts how often it wrote a disk (`src/lab/guest/installer.sh`). */
const COUNTER_OFFSET = 64 * 1024 * 1024;
const COUNTER_LENGTH = 16;

const FIRMWARE_MENU = /BdsDxe: loading Boot\d+ "UiApp"/;

const EMPTY_UEFI_DISK = /BdsDxe: failed to (load|start) Boot\d+ "UEFI Misc Device"/;

/** What firmware says of a disk without a system, after it looked. */
export const EMPTY_DISK = {
  bios: /No bootable device|Boot failed|Operating system not found/i,
  uefi: EMPTY_UEFI_DISK,
  'uefi-http': EMPTY_UEFI_DISK,
  // GRUB says that all went well when it ends, and after that firmware tries nothing else: it shows its own menu.
  'uefi-secure': FIRMWARE_MENU,
  arm64: FIRMWARE_MENU,
  'arm64-secure': FIRMWARE_MENU,
} as const satisfies Record<FirmwareName, RegExp>;

/** The hardware of one machine; each number from 1 to 9 is another one. */
export function hardware(number: number): MachineIdentity {
  return {
    mac: parseMac(`52:54:00:5b:00:0${number}`) as MacAddress,
    uuid: `5b5b5b5b-000${number}-4000-8000-52540000000${number}`,
    serial: `LAB-000${number}`,
    manufacturer: 'Slipway Lab',
    product: 'Virtual Node',
  };
}

/** The machine of tests that need but one. */
const MAIN = 2;
export const TEST_MAC = hardware(MAIN).mac;

/**
 * Machines and one site on a bridge; all of it, with the logs, below `test-results/lab/NAME`. To be made where tests are
 * declared.
 */
export class LabRun {
  readonly workDir: string;
  readonly events: Event[] = [];
  site!: SiteProcess;
  readonly #machines = new Map<number, Machine>();
  readonly #links: string[] = [];
  readonly #waiting: { readonly matches: (event: Event) => boolean; readonly resolve: (event: Event) => void }[] = [];
  #capture: Capture | undefined;

  constructor(name: string) {
    this.workDir = resolve('test-results/lab', name);
    rmSync(this.workDir, { recursive: true, force: true });
    mkdirSync(this.workDir, { recursive: true });
    keepCaptureOfFailures(this.workDir);
  }

  /** The cable of machines and site; for what must be there before the site. */
  async makeBridge(): Promise<void> {
    if (!this.#links.includes('br0')) await createBridge(this.#added('br0'), '10.77.0.1/24');
  }

  /** A second cable, on which this namespace, and with it a site that runs in it, hears nothing. */
  async makeFarBridge(): Promise<void> {
    await createSwitch(this.#added('br1'));
  }

  /** Starts the site, or starts it again on the data that it left. */
  async startSite(config: string, options: Pick<SiteProcessOptions, 'on' | 'args'> = {}): Promise<void> {
    await this.makeBridge();
    this.#capture ??= await startCapture('br0', this.workDir);
    this.site = await startSite({ workDir: this.workDir, config, ...options });
    followSite(this.site.socket, '/api/v1/events', (value) => this.#hear(value as Event)).catch(() => undefined);
  }

  /** What a person types at the appliance; its output. */
  slipway(...args: string[]): Promise<string> {
    return run([process.execPath, 'bin/slipway.js', ...args, '--socket', this.site.socket]);
  }

  /** The events of one type and slot that the site has written down, the oldest first. */
  async written(type: EventType, slot: string): Promise<Event[]> {
    const text = await this.slipway('events', '--json', '--type', type, '--slot', slot);
    return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Event]));
  }

  /** A machine is what it was before: its disk and its firmware's settings are kept from one time to the next. */
  async switchOn(firmware: FirmwareName, memoryMb: number, number = MAIN, bridge = 'br0'): Promise<Machine> {
    const tap = this.#added(`tap${this.#links.length}`);
    await createTap(tap, bridge);
    const workDir = this.#folderOf(number);
    const machine = await startMachine({ ...hardware(number), firmware, memoryMb, tap, workDir });
    this.#machines.set(number, machine);
    return machine;
  }

  /** Gives a machine that was never on a disk that has a system already. */
  async insertDisk(image: string, number: number): Promise<void> {
    await mkdir(this.#folderOf(number), { recursive: true });
    await copyFile(image, join(this.#folderOf(number), 'disk.raw'));
  }

  /** How often an installer began to write the disk of a machine. */
  async diskWrites(number = MAIN): Promise<number> {
    const disk = await open(join(this.#folderOf(number), 'disk.raw'));
    try {
      const { buffer } = await disk.read(Buffer.alloc(COUNTER_LENGTH), 0, COUNTER_LENGTH, COUNTER_OFFSET);
      return Number.parseInt(buffer.toString('latin1'), 10) || 0;
    } finally {
      await disk.close();
    }
  }

  /** The first event, past or to come, that matches. Fails when the time is over. */
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
    for (const machine of this.#machines.values()) await machine.stop();
    await this.site?.stop();
    await this.#capture?.stop();
    // Every file of a tier shares one namespace: the next one makes its own.
    for (const link of this.#links.reverse()) await run(['ip', 'link', 'delete', link]);
    for (const number of this.#machines.keys())
      for (const large of ['disk.raw', 'uefi-settings.fd'])
        rmSync(join(this.#folderOf(number), large), { force: true });
  }

  #folderOf(number: number): string {
    return join(this.workDir, `machine-${number}`);
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
